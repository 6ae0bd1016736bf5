#include "tasks/privacy_audit/membership_attack.h"

#include <cmath>
#include <utility>

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

/// Logits, classes and membership of all answers, model by model, members first.
std::vector<at::Tensor> labelled(const std::vector<Answers>& in, const std::vector<Answers>& out) {
  std::vector<at::Tensor> logits, targets, labels;
  const auto add = [&](const Answers& answers, int label) {
    logits.push_back(answers.logits);
    targets.push_back(answers.targets);
    labels.push_back(at::full_like(answers.targets, label));
  };
  for (std::size_t i = 0; i < in.size(); ++i) {
    add(in[i], 1);
    add(out[i], 0);
  }
  return {at::cat(logits), at::cat(targets), at::cat(labels)};
}

}  // namespace

/// One perceptron per class c, K → hidden → 2, all evaluated at once.
struct MembershipAttack::Perceptrons : torch::nn::Module {
  Perceptrons(std::int64_t classes, std::int64_t hidden, const at::TensorOptions& options) {
    const auto uniform = [&](std::initializer_list<std::int64_t> shape, std::int64_t fan_in) {
      const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
      return at::empty(shape, at::kDouble).uniform_(-bound, bound).to(options);
    };
    first = register_parameter("first", uniform({classes, classes, hidden}, classes));
    first_bias = register_parameter("first_bias", uniform({classes, 1, hidden}, classes));
    second = register_parameter("second", uniform({classes, hidden, 2}, hidden));
    second_bias = register_parameter("second_bias", uniform({classes, 1, 2}, hidden));
  }
  /// [n, 2]: out, in.
  at::Tensor forward(const at::Tensor& logits, const at::Tensor& targets) {
    const at::Tensor hidden = at::relu(at::matmul(logits.unsqueeze(0), first) + first_bias);
    const at::Tensor all = (at::matmul(hidden, second) + second_bias).transpose(0, 1);  // [n, classes, 2]
    return all.gather(1, targets.view({-1, 1, 1}).expand({-1, 1, 2})).squeeze(1);
  }
  at::Tensor first, first_bias, second, second_bias;
};

MembershipAttack::Learning::Learning(std::shared_ptr<Perceptrons> network, std::vector<at::Tensor> examples)
    : network_(std::move(network)), training_(std::move(examples)) {}

torch::nn::Module& MembershipAttack::Learning::module() {
  return *network_;
}

at::Tensor MembershipAttack::Learning::loss(const data::Batch& batch) {
  return at::cross_entropy_loss(network_->forward(batch.tensors[0], batch.tensors[1]), batch.tensors[2]);
}

std::shared_ptr<MembershipAttack::Perceptrons> MembershipAttack::make_network(std::int64_t classes, std::int64_t hidden,
                                                                              const TaskContext& context) {
  torch::manual_seed(context.streams.seed_of("attack initialisation"));
  return std::make_shared<Perceptrons>(classes, hidden, at::TensorOptions(context.device).dtype(context.dtype));
}

MembershipAttack::MembershipAttack(const std::vector<Answers>& in, const std::vector<Answers>& out, std::int64_t hidden,
                                   const FitOptions& how, const TaskContext& context)
    : network_(make_network(in.front().logits.size(1), hidden, context)),
      learning_(network_, labelled(in, out)),
      fit_(learning_, how, context) {}

at::Tensor MembershipAttack::scores(const Answers& answers) {
  torch::NoGradGuard no_grad;
  const at::Tensor odds = network_->forward(answers.logits, answers.targets);
  return odds.select(1, 1) - odds.select(1, 0);
}

double MembershipAttack::loss() {
  torch::NoGradGuard no_grad;
  return learning_.loss(learning_.examples().all()).item<double>();
}

}  // namespace talweg::tasks
