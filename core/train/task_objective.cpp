#include "core/train/task_objective.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/objective/stream_gradients.h"
#include "core/train/linear_ray.h"

namespace talweg {
namespace {

/// Copies tensors aside and puts them back at the end of the scope.
class RestoreScope {
 public:
  RestoreScope(const std::vector<at::Tensor>& tensors, std::vector<at::Tensor>& storage)
      : tensors_(tensors), storage_(storage) {
    torch::NoGradGuard no_grad;
    if (storage_.empty())
      for (const at::Tensor& tensor : tensors_) storage_.push_back(at::empty_like(tensor));
    for (std::size_t i = 0; i < tensors_.size(); ++i) storage_[i].copy_(tensors_[i]);
  }
  ~RestoreScope() {
    torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < tensors_.size(); ++i) tensors_[i].copy_(storage_[i]);
  }
  RestoreScope(const RestoreScope&) = delete;
  RestoreScope& operator=(const RestoreScope&) = delete;

 private:
  const std::vector<at::Tensor>& tensors_;
  std::vector<at::Tensor>& storage_;
};

/// Lets an evaluation move copies of tensors and puts the originals back. Unlike a copy in place this leaves alone what
/// the evaluation's graph has kept, which can still be derived.
class SwapScope {
 public:
  explicit SwapScope(const std::vector<at::Tensor>& tensors) : tensors_(tensors) {
    for (const at::Tensor& tensor : tensors_) {
      originals_.push_back(tensor.variable_data());
      tensor.set_data(originals_.back().clone());
    }
  }
  ~SwapScope() {
    for (std::size_t i = 0; i < tensors_.size(); ++i) tensors_[i].set_data(originals_[i]);
  }
  SwapScope(const SwapScope&) = delete;
  SwapScope& operator=(const SwapScope&) = delete;

 private:
  const std::vector<at::Tensor>& tensors_;
  std::vector<at::Tensor> originals_;
};

}  // namespace

ParameterList trainable_parameters(torch::nn::Module& module) {
  ParameterList list;
  for (const auto& item : module.named_parameters())
    if (item.value().requires_grad()) list.push_back({item.key(), item.value()});
  return list;
}

TaskObjective::TaskObjective(Task& task, const ObjectiveOptions& options, const RandomStreams& streams,
                             at::Device device, distributed::ProcessGroup* group)
    : task_(task),
      linear_(dynamic_cast<LinearInParameters*>(&task)),
      smoothness_(dynamic_cast<KnownSmoothness*>(&task)),
      natural_gradient_(dynamic_cast<NaturalGradient*>(&task)),
      weighted_examples_(dynamic_cast<WeightedExamples*>(&task)),
      per_example_losses_(dynamic_cast<PerExampleLosses*>(&task)),
      options_(options),
      streams_(streams),
      device_(device),
      parameters_(trainable_parameters(task.module())),
      buffers_(task.module().buffers()) {
  for (const NamedParameter& parameter : parameters_) tensors_.push_back(parameter.tensor);
  if (group && group->size() > 1) ranks_ = std::make_unique<DataParallel>(*group, parameters_);
}

void TaskObjective::begin_step(std::int64_t step, data::Batch batch, std::int64_t whole_size) {
  step_ = step;
  batch_ = std::move(batch);
  if (ranks_) {
    const bool weighted = weighted_examples_ && batch_.size > 0;
    ranks_->begin_step(weighted ? weighted_examples_->weight(batch_) : static_cast<double>(batch_.size), whole_size);
  }
  statistics_moved_ = false;
  outputs_ = at::Tensor();
  gradient_norm_ = at::Tensor();
  defect_.clear();
}

/// The same on every rank.
bool TaskObjective::is_undivided() const {
  return options_.micro_batch_size == 0 || options_.micro_batch_size >= (ranks_ ? ranks_->largest_part() : batch_.size);
}

std::int64_t TaskObjective::place_of(std::int64_t i) const {
  return ranks_ ? i * ranks_->group().size() + ranks_->group().rank() : i;
}

at::Tensor TaskObjective::summed(at::Tensor value) {
  return ranks_ ? ranks_->sum(value) : value;
}

void TaskObjective::sum_over_ranks(const std::vector<at::Tensor>& tensors) {
  if (ranks_) ranks_->sum(tensors);
}

bool TaskObjective::is_linear() const {
  return linear_ && linear_->is_linear() && is_undivided() && options_.precision != Precision::bfloat16 &&
         (ranks_ ? ranks_->every_rank_has_examples() : batch_.size > 0);
}

namespace {

std::vector<std::uint32_t> versions_of(const std::vector<at::Tensor>& tensors) {
  std::vector<std::uint32_t> versions;
  for (const at::Tensor& tensor : tensors) versions.push_back(static_cast<std::uint32_t>(tensor._version()));
  return versions;
}

}  // namespace

/// Without a graph: the derivative of the loss by the outputs is known in closed form, and theirs is the transposed
/// map. The outputs are kept, as a search along a ray begins with them.
at::Tensor TaskObjective::linear_gradient() {
  torch::NoGradGuard no_grad;
  outputs_ = linear_->outputs(batch_);
  origin_ = versions_of(tensors_);
  const LinearInParameters::ValueAndResidual evaluated = linear_->value_and_residual(outputs_, batch_);
  const std::vector<at::Tensor> gradient = linear_->pull_back(evaluated.residual, batch_);
  TORCH_CHECK(gradient.size() == tensors_.size(), "pull_back() answers one tensor per trainable parameter");
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    tensors_[i].mutable_grad() = ranks_ ? gradient[i] * share() : gradient[i];
  return ranks_ ? evaluated.value * share() : evaluated.value;
}

at::Tensor TaskObjective::outputs() {
  if (outputs_.defined() && origin_ == versions_of(tensors_)) return outputs_;
  torch::NoGradGuard no_grad;
  return linear_->outputs(batch_);
}

double TaskObjective::share_of(const data::Batch& part, const data::Batch& batch) const {
  if (part.size == batch.size) return 1;
  if (!weighted_examples_) return static_cast<double>(part.size) / static_cast<double>(batch.size);
  const double whole = weighted_examples_->weight(batch);
  return whole > 0 ? weighted_examples_->weight(part) / whole : 0;
}

/// Calls `visit` with the weighted loss of every micro-batch and whether it is the last; answers their sum, this rank's
/// part of the mean over the batch.
template <class Visit>
at::Tensor TaskObjective::evaluate(Visit&& visit) {
  return evaluate(batch_, options_.precision, visit);
}

template <class Visit>
at::Tensor TaskObjective::evaluate(const data::Batch& batch, Precision precision, Visit&& visit) {
  at::Tensor total;
  const std::int64_t size =
      options_.micro_batch_size > 0 ? options_.micro_batch_size : std::max<std::int64_t>(1, batch.size);
  for (std::int64_t begin = 0, part = 0; begin < batch.size; begin += size, ++part) {
    const std::int64_t length = std::min(size, batch.size - begin);
    torch::manual_seed(streams_.seed_of("noise", static_cast<std::uint64_t>(step_ << 20 | place_of(part))));
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
  torch::NoGradGuard no_grad;
  if (is_linear()) {
    const at::Tensor mean = linear_->losses(linear_->outputs(batch_).unsqueeze(0), batch_).squeeze(0);
    return ranks_ ? summed(mean * share()) : mean;
  }
  const RestoreScope statistics(buffers_, saved_buffers_);
  return summed(evaluate([](const at::Tensor&, bool) {}));
}

at::Tensor TaskObjective::probe(double fraction) {
  const auto length = static_cast<std::int64_t>(std::ceil(fraction * static_cast<double>(whole_size()) - 1e-9));
  const bool whole = length >= whole_size();
  if (whole && options_.precision != Precision::bfloat16) return value();
  torch::NoGradGuard no_grad;
  const RestoreScope statistics(buffers_, saved_buffers_);
  const Precision own = options_.precision == Precision::bfloat16 ? Precision::float32 : options_.precision;
  if (whole) return summed(evaluate(batch_, own, [](const at::Tensor&, bool) {}));
  if (ranks_) return partial_probe(length, own);
  return evaluate(batch_.slice(0, length), own, [](const at::Tensor&, bool) {});
}

/// The mean over the first `length` examples of the batch, each rank computing those it has.
at::Tensor TaskObjective::partial_probe(std::int64_t length, Precision precision) {
  std::int64_t own = 0;
  while (own < batch_.size && place_of(own) < length) ++own;
  const data::Batch part = batch_.slice(0, own);
  const double weight = weighted_examples_ && own > 0 ? weighted_examples_->weight(part) : static_cast<double>(own);
  const double whole = ranks_->sum(std::vector<double>{weight}).front();
  // evaluate() weights with the share of the whole part of the batch.
  const at::Tensor mean = evaluate(part, precision, [](const at::Tensor&, bool) {});
  return summed(share() > 0 && whole > 0 ? mean * (weight / whole / share()) : mean * 0);
}

bool TaskObjective::settle_statistics() {
  if (statistics_moved_ || buffers_.empty() || !buffers_move_) return false;
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

at::Tensor TaskObjective::evaluate_with_gradient(const std::function<void(const at::Tensor&)>& before_last) {
  const torch::AutoGradMode with_graph(true);
  for (at::Tensor& tensor : tensors_) tensor.mutable_grad() = at::Tensor();
  if (batch_.size == 0)
    for (at::Tensor& tensor : tensors_) tensor.mutable_grad() = at::zeros_like(tensor);
  const auto backward = [&](const at::Tensor& loss, bool last) {
    if (last && before_last) before_last(loss);
    loss.backward();
  };
  if (is_linear()) return linear_gradient();
  if (statistics_moved_) {
    const RestoreScope statistics(buffers_, saved_buffers_);
    return evaluate(backward);
  }
  at::Tensor value = evaluate(backward);
  statistics_moved_ = true;
  return value;
}

at::Tensor TaskObjective::evaluate_whole_gradient() {
  if (!ranks_) return evaluate_with_gradient();
  at::Tensor part;
  if (is_linear() || !ranks_->every_rank_has_examples()) {
    part = evaluate_with_gradient();
    ranks_->sum_gradients();
  } else {
    part = ranks_->with_overlap([this](const auto& before_last) { return evaluate_with_gradient(before_last); });
  }
  return summed(part);
}

Evaluation TaskObjective::partial_gradient() {
  if (!gradients_are_parts()) return gradient();
  Evaluation evaluation;
  evaluation.value = summed(evaluate_with_gradient());
  ranks_->complete_gradients();
  evaluation.usable = loss_is_finite(evaluation.value);
  if (!options_.check_gradients || !evaluation.usable) return evaluation;
  torch::NoGradGuard no_grad;
  at::Tensor squares = at::zeros({}, tensors_.front().options().requires_grad(false).dtype(at::kDouble));
  for (const at::Tensor& tensor : tensors_) squares += at::linalg_vector_norm(tensor.grad()).to(at::kDouble).square();
  check_parts(summed(squares), evaluation);
  return evaluation;
}

/// Whether the gradients of all ranks' parts are finite: their squared norms, summed.
void TaskObjective::check_parts(const at::Tensor& squares, Evaluation& evaluation) {
  if (std::isfinite(squares.item<double>())) return;
  evaluation.usable = false;
  defect_ = "the gradient is not finite";
}

Evaluation TaskObjective::gradient() {
  Evaluation evaluation;
  evaluation.value = evaluate_whole_gradient();
  clip_and_check(evaluation.value, evaluation);
  return evaluation;
}

Evaluation TaskObjective::stream_gradient(const std::function<void(GradientPart)>& visit) {
  if (options_.clip_norm && !is_undivided())
    throw ConfigError(
        "training.clip_norm: with gradients that are let go of layer by layer ('per_layer') the norm over several "
        "micro-batches is never known; drop 'training.micro_batch_size', 'training.clip_norm' or 'per_layer'");
  const bool norm_needed = options_.clip_norm || options_.check_gradients;
  const bool partial = gradients_are_parts();
  at::Tensor squares;  // Σ ‖g‖² of the parts
  const auto measured = [&](GradientPart part) {
    if (ranks_ && !partial) ranks_->sum(std::vector<at::Tensor>{part.gradient});
    if (norm_needed) {
      torch::NoGradGuard no_grad;
      const at::Tensor square = at::linalg_vector_norm(part.gradient).to(at::kDouble).square();
      squares = squares.defined() ? squares + square : square;
    }
    visit(std::move(part));
  };
  Evaluation evaluation;
  if (ranks_ && !ranks_->every_rank_has_examples()) {
    // A rank without a backward pass has no order of its own in which gradients become complete.
    evaluation.value = evaluate_with_gradient();
    ranks_->complete_gradients();
    hand_out_gradients(tensors_, measured);
  } else {
    evaluation = stream_gradients(tensors_, is_undivided(), measured, [this] {
      return Evaluation{evaluate_with_gradient(), true, {}};
    });
  }
  evaluation.value = summed(evaluation.value);
  evaluation.usable = loss_is_finite(evaluation.value);
  if (partial && norm_needed && squares.defined() && evaluation.usable) {
    check_parts(summed(squares), evaluation);
    return evaluation;
  }
  if (!norm_needed || !squares.defined() || !evaluation.usable) return evaluation;
  gradient_norm_ = squares.sqrt();
  const bool host = device_.is_cpu() || options_.check_gradients;
  if (host && !std::isfinite(gradient_norm_.item<double>())) {
    evaluation.usable = false;
    defect_ = "the gradient is not finite";
  } else if (options_.clip_norm) {
    evaluation.factor = at::clamp_max(*options_.clip_norm / (gradient_norm_ + 1e-12), 1.0);
  }
  return evaluation;
}

std::unique_ptr<Ray> TaskObjective::along(Direction direction) {
  if (is_linear()) {
    auto ray = make_linear_ray(*linear_, batch_, outputs(), tensors_, std::move(direction));
    return ranks_ ? make_summed_ray(std::move(ray), *ranks_) : std::move(ray);
  }
  return Objective::along(std::move(direction));
}

double TaskObjective::batch_share() const {
  return static_cast<double>(whole_size()) / static_cast<double>(task_.training_data().size());
}

double TaskObjective::relative_precision() const {
  return options_.precision == Precision::bfloat16 ? 1.0 / 256 : Objective::relative_precision();
}

double TaskObjective::smoothness() {
  return smoothness_ ? smoothness_->smoothness() : Objective::smoothness();
}

Direction TaskObjective::natural_gradient() {
  return natural_gradient_ ? natural_gradient_->natural_gradient() : Objective::natural_gradient();
}

/// Looked at where it costs nothing, or was asked for; true elsewhere.
bool TaskObjective::loss_is_finite(const at::Tensor& loss) {
  if (!device_.is_cpu() && !options_.check_gradients) return true;
  const double value = loss.item<double>();
  if (std::isfinite(value)) return true;
  defect_ = fmt::format("the loss is {}", std::isnan(value) ? "nan" : value > 0 ? "infinite" : "minus infinite");
  return false;
}

void TaskObjective::clip_and_check(const at::Tensor& loss, Evaluation& evaluation) {
  torch::NoGradGuard no_grad;
  evaluation.usable = loss_is_finite(loss);
  if (!evaluation.usable) return;
  const bool host = device_.is_cpu() || options_.check_gradients;
  if (!options_.clip_norm && !options_.check_gradients) return;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& tensor : tensors_)
    if (tensor.grad().defined()) gradients.push_back(tensor.grad());
  gradient_norm_ = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients)));
  if (host && !std::isfinite(gradient_norm_.item<double>())) {
    evaluation.usable = false;
    defect_ = "the norm of the gradient overflows";
    for (const NamedParameter& parameter : parameters_)
      if (parameter.tensor.grad().defined() && !parameter.tensor.grad().isfinite().all().item<bool>()) {
        defect_ = fmt::format("the gradient of '{}' is not finite", parameter.name);
        break;
      }
    return;
  }
  if (options_.clip_norm)
    at::_foreach_mul_(gradients, at::clamp_max(*options_.clip_norm / (gradient_norm_ + 1e-12), 1.0));
}

}  // namespace talweg
