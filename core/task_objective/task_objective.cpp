#include "core/task_objective/task_objective.h"

#include <cmath>

#include "core/libtorch.h"
#include "core/task_objective/linear_ray.h"
#include "core/task_objective/tensor_scopes.h"

namespace talweg {

ParameterList trainable_parameters(torch::nn::Module& module) {
  ParameterList list;
  for (const auto& item : module.named_parameters())
    if (item.value().requires_grad()) list.push_back({item.key(), item.value()});
  return list;
}

TaskObjective::TaskObjective(Task& task, const ObjectiveOptions& options, const RandomStreams& streams,
                             at::Device device)
    : TaskObjective(task, options, streams, device, std::make_unique<WholeBatch>(), task.training_data()) {}

TaskObjective::TaskObjective(Task& task, const ObjectiveOptions& options, const RandomStreams& streams,
                             at::Device device, std::unique_ptr<BatchSharing> sharing, const data::Dataset& data)
    : task_(task),
      data_(data),
      linear_(dynamic_cast<LinearInParameters*>(&task)),
      closed_form_rays_(dynamic_cast<ClosedFormRays*>(&task)),
      smoothness_(dynamic_cast<KnownSmoothness*>(&task)),
      natural_gradient_(dynamic_cast<NaturalGradient*>(&task)),
      weighted_examples_(dynamic_cast<WeightedExamples*>(&task)),
      per_example_losses_(dynamic_cast<PerExampleLosses*>(&task)),
      noisy_function_(dynamic_cast<NoisyFunction*>(&task)),
      options_(options),
      streams_(streams),
      device_(device),
      parameters_(trainable_parameters(task.module())),
      buffers_(task.module().buffers()),
      sharing_(std::move(sharing)) {
  for (const NamedParameter& parameter : parameters_) tensors_.push_back(parameter.tensor);
}

void TaskObjective::begin_step(std::int64_t step, data::Batch batch, std::int64_t whole_size) {
  step_ = step;
  batch_ = std::move(batch);
  sharing_->begin_step(batch_.size, whole_size, sharing_->is_divided() ? weight_of(batch_) : std::nullopt);
  statistics_moved_ = false;
  outputs_ = at::Tensor();
  gradient_norm_ = at::Tensor();
  defect_.clear();
}

/// The same on every rank.
bool TaskObjective::is_undivided() const {
  return options_.micro_batch_size == 0 || options_.micro_batch_size >= sharing_->largest_part();
}

void TaskObjective::sum_over_ranks(const std::vector<at::Tensor>& tensors) {
  sharing_->sum(tensors);
}

bool TaskObjective::is_linear() const {
  return linear_ && linear_->is_linear() && is_undivided() && options_.precision != Precision::bfloat16 &&
         sharing_->all_have_examples();
}

at::Tensor TaskObjective::weighted(const at::Tensor& mean) const {
  return share() == 1 ? mean : mean * share();
}

std::optional<double> TaskObjective::weight_of(const data::Batch& batch) const {
  if (!weighted_examples_) return std::nullopt;
  return batch.size > 0 ? weighted_examples_->weight(batch) : 0;
}

double TaskObjective::share_of(const data::Batch& part, const data::Batch& batch) const {
  if (part.size == batch.size) return 1;
  if (!weighted_examples_) return static_cast<double>(part.size) / static_cast<double>(batch.size);
  const double whole = weighted_examples_->weight(batch);
  return whole > 0 ? weighted_examples_->weight(part) / whole : 0;
}

/// Calls `visit` with the weighted loss of every micro-batch and whether it is the last. Returns their sum, this
/// process's part of the mean over the batch.
at::Tensor TaskObjective::evaluate(const VisitLoss& visit) {
  return evaluate(batch_, options_.precision, visit);
}

at::Tensor TaskObjective::evaluate(const data::Batch& batch, Precision precision, const VisitLoss& visit) {
  at::Tensor total;
  const std::int64_t size =
      options_.micro_batch_size > 0 ? options_.micro_batch_size : std::max<std::int64_t>(1, batch.size);
  for (std::int64_t begin = 0, part = 0; begin < batch.size; begin += size, ++part) {
    const std::int64_t length = std::min(size, batch.size - begin);
    torch::manual_seed(
        draw_seed_ ? streams_.seed_of("noise of draws", *draw_seed_ + static_cast<std::uint64_t>(part))
                   : streams_.seed_of("noise", static_cast<std::uint64_t>(step_ << 20 | sharing_->place_of(part))));
    const data::Batch micro_batch = length == batch.size ? batch : batch.slice(begin, length);
    at::Tensor loss;
    {
      AutocastScope autocast(precision, device_);
      loss = task_.loss(micro_batch);
    }
    if (const double weight = share() * share_of(micro_batch, batch); weight != 1) loss = loss * weight;
    visit(loss, begin + size >= batch.size);
    loss = loss.detach();
    total = total.defined() ? total + loss : loss;
  }
  return total.defined() ? total : at::zeros({}, tensors_.front().options().requires_grad(false));
}

at::Tensor TaskObjective::value() {
  const StepClock::Scope timed(clock_, StepPhase::probe);
  torch::NoGradGuard no_grad;
  if (is_linear()) {
    const at::Tensor mean = linear_->losses(linear_->outputs(batch_).unsqueeze(0), batch_).squeeze(0);
    return sharing_->sum(weighted(mean));
  }
  const RestoreScope statistics(buffers_, saved_buffers_);
  return sharing_->sum(evaluate([](const at::Tensor&, bool) {}));
}

at::Tensor TaskObjective::probe(double fraction) {
  const StepClock::Scope timed(clock_, StepPhase::probe);
  const auto length = static_cast<std::int64_t>(std::ceil(fraction * static_cast<double>(sharing_->examples()) - 1e-9));
  const bool whole = length >= sharing_->examples();
  if (whole && options_.precision != Precision::bfloat16) return value();
  torch::NoGradGuard no_grad;
  const RestoreScope statistics(buffers_, saved_buffers_);
  const Precision own = options_.precision == Precision::bfloat16 ? Precision::float32 : options_.precision;
  if (whole) return sharing_->sum(evaluate(batch_, own, [](const at::Tensor&, bool) {}));
  return partial_probe(length, own);
}

/// The mean over the first `length` examples of the batch, each rank computing those it has.
at::Tensor TaskObjective::partial_probe(std::int64_t length, Precision precision) {
  std::int64_t own = 0;
  while (own < batch_.size && sharing_->place_of(own) < length) ++own;
  const data::Batch part = batch_.slice(0, own);
  const std::optional<double> weight = weight_of(part);
  const double share_of_probe =
      sharing_->share_of(weight.value_or(static_cast<double>(own)), weight ? std::nullopt : std::optional(length));
  // evaluate() weights with the share of the whole part of the batch.
  const at::Tensor mean = evaluate(part, precision, [](const at::Tensor&, bool) {});
  const double ratio = share() > 0 ? share_of_probe / share() : 0;
  return sharing_->sum(ratio == 1 ? mean : mean * ratio);
}

bool TaskObjective::settle_statistics() {
  if (statistics_moved_ || buffers_.empty() || !buffers_move_) return false;
  const StepClock::Scope timed(clock_, StepPhase::probe);
  torch::NoGradGuard no_grad;
  std::vector<at::Tensor> before;
  if (!buffers_are_known_)
    for (const at::Tensor& buffer : buffers_) before.push_back(buffer.clone());
  evaluate([](const at::Tensor&, bool) {});
  statistics_moved_ = true;
  // Tables that a model keeps as buffers never move: one pass too many in a run, not one per step.
  if (!buffers_are_known_) {
    buffers_move_ = false;
    for (std::size_t i = 0; i < before.size(); ++i) buffers_move_ |= !at::equal(before[i], buffers_[i]);
    buffers_are_known_ = true;
  }
  return true;
}

void TaskObjective::for_each_loss(const std::function<void(const at::Tensor&)>& visit) {
  const torch::AutoGradMode with_graph(true);
  const SwapScope statistics(buffers_);
  evaluate([&](const at::Tensor& loss, bool) { visit(loss); });
}

std::unique_ptr<Ray> TaskObjective::along(Direction direction) {
  if (is_linear()) {
    return sharing_->whole_ray(make_linear_ray(*linear_, batch_, outputs(), tensors_, std::move(direction)));
  }
  if (closed_form_rays_ && is_undivided() && options_.precision != Precision::bfloat16 && sharing_->all_have_examples())
    if (std::unique_ptr<Ray> ray = closed_form_rays_->ray(batch_, direction))
      return sharing_->whole_ray(std::move(ray));
  return make_parameter_ray(*this, std::move(direction));
}

double TaskObjective::batch_share() const {
  return static_cast<double>(sharing_->examples()) / static_cast<double>(data_.size());
}

double TaskObjective::relative_precision() const {
  return options_.precision == Precision::bfloat16 ? 1.0 / 256 : precision_of(tensors_);
}

std::optional<double> TaskObjective::smoothness() {
  const bool of_all = &data_ == &task_.training_data();
  return smoothness_ && of_all ? std::optional(smoothness_->smoothness()) : std::nullopt;
}

Direction TaskObjective::natural_gradient() {
  if (!natural_gradient_) throw std::logic_error("this task has no natural gradient");
  return natural_gradient_->natural_gradient();
}

}  // namespace talweg
