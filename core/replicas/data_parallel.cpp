#include "core/replicas/data_parallel.h"

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg {
namespace {

class SummedRay : public Ray {
 public:
  SummedRay(std::unique_ptr<Ray> part, DataParallel& ranks) : part_(std::move(part)), ranks_(ranks) {}

  std::vector<double> values(std::span<const double> step_sizes) override {
    std::vector<double> values = part_->values(step_sizes);
    for (double& value : values) value *= ranks_.share();
    return ranks_.sum(std::move(values));
  }
  std::size_t block_size() const override { return part_->block_size(); }
  bool is_convex() const override { return part_->is_convex(); }
  void accept(double step_size) override { part_->accept(step_size); }
  std::int64_t forwards() const override { return part_->forwards(); }

 private:
  std::unique_ptr<Ray> part_;
  DataParallel& ranks_;
};

}  // namespace

DataParallel::DataParallel(distributed::ProcessGroup& group, ParameterList parameters)
    : group_(group), parameters_(std::move(parameters)) {}

DataParallel::~DataParallel() = default;

std::unique_ptr<Ray> DataParallel::whole_ray(std::unique_ptr<Ray> part) {
  return std::make_unique<SummedRay>(std::move(part), *this);
}

void DataParallel::begin_step(std::int64_t own, std::int64_t examples, std::optional<double> weight) {
  examples_ = examples;
  share_ = share_of(weight.value_or(static_cast<double>(own)), weight ? std::nullopt : std::optional(examples));
}

double DataParallel::share_of(double own, std::optional<std::int64_t> whole) {
  const double all = whole ? static_cast<double>(*whole) : sum(std::vector<double>{own}).front();
  return all > 0 ? own / all : 0;
}

at::Tensor DataParallel::sum(const at::Tensor& value) {
  at::Tensor total = value.detach().clone();
  group_.sum(total);
  return total;
}

std::vector<double> DataParallel::sum(std::vector<double> values) {
  group_.sum(at::from_blob(values.data(), {static_cast<std::int64_t>(values.size())}, at::kDouble));
  return values;
}

at::Tensor DataParallel::assemble(const at::Tensor& own) {
  at::Tensor all = at::zeros({examples_}, own.options());
  if (own.numel() > 0) all.slice(0, group_.rank(), examples_, group_.size()).copy_(own);
  group_.sum(all);
  return all;
}

void DataParallel::complete_gradients() {
  for (const NamedParameter& parameter : parameters_)
    if (!parameter.tensor.grad().defined()) parameter.tensor.mutable_grad() = at::zeros_like(parameter.tensor);
}

void DataParallel::sum_gradients() {
  complete_gradients();
  std::vector<at::Tensor> gradients;
  for (const NamedParameter& parameter : parameters_) gradients.push_back(parameter.tensor.grad());
  group_.sum(gradients);
}

at::Tensor DataParallel::with_summed_gradients(const Evaluate& evaluate) {
  if (!all_have_examples()) {  // whose backward passes would not meet
    at::Tensor value = evaluate({});
    sum_gradients();
    return value;
  }
  if (!reducer_) {
    at::Tensor value = evaluate([](const at::Tensor&) {});
    std::vector<double> has;
    for (const NamedParameter& parameter : parameters_) has.push_back(parameter.tensor.grad().defined() ? 1 : 0);
    sum_gradients();
    has = sum(std::move(has));
    std::vector<bool> used;
    for (const double ranks : has) used.push_back(ranks == static_cast<double>(group_.size()));
    std::vector<std::pair<std::string, at::Tensor>> parameters;
    for (const NamedParameter& parameter : parameters_) parameters.emplace_back(parameter.name, parameter.tensor);
    reducer_ = std::make_unique<distributed::GradientReducer>(group_, parameters, used);
    return value;
  }
  try {
    at::Tensor value = evaluate([this](const at::Tensor& loss) { reducer_->begin(loss); });
    if (!reducer_->end())
      throw TrainingError(
          "the loss left out a parameter that the first step used, so the ranks could not exchange its gradient; set "
          "'distributed.find_unused_parameters: true' for a model whose graph changes");
    complete_gradients();
    return value;
  } catch (const std::exception&) {
    if (const std::string failure = reducer_->failure(); !failure.empty()) group_.throw_lost(failure);
    throw;
  }
}

}  // namespace talweg
