#include "optim/derivative_free/ada_dfo.h"

#include <algorithm>
#include <cmath>

#include "core/libtorch.h"
#include "core/objective/visited_points.h"

namespace talweg::optim {
namespace {

/// A flat vector as tensors of the shapes and types of the parameters.
Direction shaped(const at::Tensor& flat, const std::vector<at::Tensor>& parameters) {
  Direction tensors;
  std::int64_t begin = 0;
  for (const at::Tensor& parameter : parameters) {
    const at::Tensor part = flat.narrow(0, begin, parameter.numel()).view(parameter.sizes());
    tensors.push_back(part.to(parameter.options().requires_grad(false)));
    begin += parameter.numel();
  }
  return tensors;
}

/// Two independent estimates at one point, weighted by their pairs.
GradientEstimate pooled(const GradientEstimate& a, double pairs_a, const GradientEstimate& b, double pairs_b) {
  const double wa = pairs_a / (pairs_a + pairs_b), wb = 1 - wa;
  GradientEstimate both = b;
  both.gradient = wa * a.gradient + wb * b.gradient;
  both.squared_error = wa * wa * a.squared_error + wb * wb * b.squared_error;
  both.projected_variance = wa * wa * a.projected_variance + wb * wb * b.projected_variance;
  both.noise_variance = wa * a.noise_variance + wb * b.noise_variance;
  both.clamps = a.clamps + b.clamps;
  return both;
}

constexpr double kMemoryOfNoise = 0.7;

}  // namespace

void declare(config::Fields& f, AdaDfoOptions& o) {
  f("estimator", o.estimator, "how a gradient is made from observations");
  f("adaptive", o.adaptive, "how many pairs of observations the next gradient is made from");
  f("direction", o.direction, "what is made of the gradients so far");
  f("step", o.step, "how long a step is");
  f("noise", o.noise, "sigma of an observation, for the slack of the line search: from the estimator, or known");
}

ReleasedCodeOptions::ReleasedCodeOptions() {
  estimator = config::Component<EstimatorKind>(
      "cor_cfd",
      {{"perturbations", "5"}, {"pairs", "4"}, {"bootstrap", "monte_carlo"}, {"weights", "own"}, {"guard", "false"}});
  config::Value p0 = config::Value::mapping();
  p0.set("design", config::Value::scalar("half_normal"));
  p0.set("scale", config::Value::scalar("0.1"));
  estimator.set_default("p0", std::move(p0));
  adaptive = config::Component<BatchRuleKind>("linear_growth");
  step = config::Component<NoisyStepKind>("line_search", {{"replicates", "single"}});
  noise.number = 1;
}

AdaDfo::AdaDfo(ParameterList parameters, const AdaDfoOptions& options)
    : ObservingOptimizer(std::move(parameters), options.step.create()->largest_step()),
      options_(options),
      estimator_(options.estimator.create()),
      batch_(options.adaptive.create()),
      direction_(options.direction.create(tensors())),
      step_(options.step.create()),
      pairs_(estimator_->first_pairs()) {}

std::int64_t AdaDfo::next_pairs(const GradientEstimate& estimate) const {
  return batch_->next(estimate, {pairs_, estimator_->first_pairs(), estimator_->unit(), steps() + 1});
}

GradientEstimate AdaDfo::estimate(Observer& observer) {
  GradientEstimate first = estimator_->estimate(observer, observer.here(), pairs_, step_streams());
  return batch_->repeats() ? improved(observer, std::move(first)) : first;
}

/// Adds observations at the point where they stand until the test is passed or the budget does not pay for more.
GradientEstimate AdaDfo::improved(Observer& observer, GradientEstimate estimate) {
  for (std::uint64_t round = 1;; ++round) {
    const std::int64_t wanted = next_pairs(estimate);
    const std::int64_t more = wanted - pairs_;
    if (more <= 0 ||
        !observer.affords(estimator_->evaluations(observer.dimension(), more) + step_->least_evaluations(wanted)))
      return estimate;
    const RandomStreams streams(step_streams().seed_of("round", round));
    const GradientEstimate added = estimator_->estimate(observer, observer.here(), more, streams);
    if (!added.gradient.isfinite().all().item<bool>()) return added;
    estimate = pooled(estimate, static_cast<double>(pairs_), added, static_cast<double>(more));
    pairs_ = wanted;
  }
}

double AdaDfo::follow_noise(double variance) {
  if (options_.noise.number) return *options_.noise.number;
  if (std::isfinite(variance))
    noise_variance_ =
        noise_variance_ > 0 ? kMemoryOfNoise * noise_variance_ + (1 - kMemoryOfNoise) * variance : variance;
  return std::sqrt(noise_variance_);
}

std::int64_t AdaDfo::least_evaluations(std::int64_t dimension) const {
  return estimator_->evaluations(dimension, pairs_) + step_->least_evaluations(pairs_);
}

/// What is left of a budget is spent on a smaller batch, never smaller than the first, where it does not pay for the
/// one that was asked for.
bool AdaDfo::fits_into_budget(const Observer& observer) {
  const auto affords = [&](std::int64_t pairs) {
    return observer.affords(estimator_->evaluations(observer.dimension(), pairs) + step_->least_evaluations(pairs));
  };
  const std::int64_t unit = estimator_->unit(), first = estimator_->first_pairs();
  if (affords(pairs_)) return true;
  if (!batch_->yields_to_budget() || pairs_ <= first || !affords(first)) return false;
  std::int64_t most = 0, too_many = (pairs_ - first) / unit;  // units beyond the first batch
  while (too_many - most > 1) {
    const std::int64_t middle = (most + too_many) / 2;
    (affords(first + middle * unit) ? most : too_many) = middle;
  }
  pairs_ = first + most * unit;
  return true;
}

void AdaDfo::advance(Observer& observer, StepReport& report) {
  if (!fits_into_budget(observer)) {
    report.status = StepStatus::out_of_evaluations;
    return;
  }
  const GradientEstimate gradient = estimate(observer);
  clamps_ += gradient.clamps;
  if (!gradient.gradient.isfinite().all().item<bool>()) {
    report.skipped();
    return;
  }
  NoisyLine line;
  line.squared_norm = gradient.gradient.square().sum().item<double>();
  line.noise = follow_noise(gradient.noise_variance);
  line.pairs = pairs_;
  line.largest_step = learning_rate();
  report.scalars = {{"gradient_norm", std::sqrt(line.squared_norm)},
                    {"relative_error", std::sqrt(gradient.squared_error / line.squared_norm)},
                    {"pairs", static_cast<double>(pairs_)},
                    {"noise", line.noise},
                    {"perturbation", gradient.perturbation},
                    {"clamps", static_cast<double>(clamps_)}};
  if (line.squared_norm == 0) {
    report.status = StepStatus::converged;
    return;
  }

  const Direction parts = shaped(gradient.gradient, tensors());
  Direction proposed = direction_->propose(tensors(), parts);
  line.origin = observer.here();
  line.direction = flat_point(proposed);
  line.slope = at::dot(gradient.gradient, line.direction).item<double>();
  if (!(line.slope > 0)) {  // noise has spoilt what the direction remembers
    direction_->forget();
    proposed = parts;
    line.direction = gradient.gradient;
    line.slope = line.squared_norm;
  }
  const NoisyStep step = step_->decide(observer, line);
  report.step_size = step.size;
  if (std::isfinite(step.value)) report.loss = at::full({}, step.value, at::kDouble);
  if (step.trials > 0) report.scalars.emplace_back("trials", static_cast<double>(step.trials));
  if (step.accepted) {
    move_to(observer, at::sub(line.origin, line.direction, step.size));
    direction_->moved(tensors(), proposed, step.size);
  } else {
    direction_->forget();
    report.status = StepStatus::search_failed;
  }
  pairs_ = next_pairs(gradient);
}

void AdaDfo::save_search(OptimizerState& state) const {
  direction_->save(state);
  state.values = {{"direction", state.values}, {"estimator", estimator_->state()},  {"step", step_->state()},
                  {"pairs", pairs_},           {"noise_variance", noise_variance_}, {"clamps", clamps_}};
}

void AdaDfo::load_search(const OptimizerState& state) {
  direction_->load({state.tensors, state.values.at("direction")});
  estimator_->load(state.values.at("estimator"));
  step_->load(state.values.at("step"));
  pairs_ = state.values.at("pairs").get<std::int64_t>();
  noise_variance_ = state.values.at("noise_variance").get<double>();
  clamps_ = state.values.at("clamps").get<std::int64_t>();
}

}  // namespace talweg::optim
