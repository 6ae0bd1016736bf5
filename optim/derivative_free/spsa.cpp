#include "optim/derivative_free/spsa.h"

#include <cmath>

#include "core/libtorch.h"
#include "core/optimizer/saved_count.h"

namespace talweg::optim {
namespace {

/// ±1 with equal chances: [count, dimension] float64.
at::Tensor random_signs(std::int64_t count, std::int64_t dimension, RandomGenerator generator) {
  at::Tensor signs = at::empty({count, dimension}, at::kDouble);
  double* sign = signs.data_ptr<double>();
  std::uint64_t bits = 0;
  for (std::int64_t i = 0; i < signs.numel(); ++i, bits >>= 1) {
    if (i % 64 == 0) bits = generator.next();
    sign[i] = bits & 1 ? 1 : -1;
  }
  return signs;
}

/// θ ← θ + scale·d, with d flat and in the order of the parameters.
void add_flat(const std::vector<at::Tensor>& parameters, const at::Tensor& flat, double scale) {
  std::int64_t begin = 0;
  for (const at::Tensor& parameter : parameters) {
    const at::Tensor part = flat.narrow(0, begin, parameter.numel()).view(parameter.sizes());
    parameter.add_(part.to(parameter.options().requires_grad(false)), scale);
    begin += parameter.numel();
  }
}

}  // namespace

void declare(config::Fields& f, SpsaOptions& o) {
  f("learning_rate", o.learning_rate, "a of the gains a_k = a/(A + k)^alpha", config::above(0));
  f("stability", o.stability, "A of the gains: about a tenth of the steps", config::at_least(0));
  f("learning_rate_exponent", o.learning_rate_exponent, "alpha of the gains", config::above(0), config::at_most(1));
  f("perturbation", o.perturbation,
    "c of the displacements c_k = c/k^gamma: about the standard deviation of an observation's noise", config::above(0));
  f("perturbation_exponent", o.perturbation_exponent, "gamma of the displacements", config::at_least(0),
    config::at_most(0.5));
  f("directions", o.directions, "q: random directions per step, each observed at two points", config::at_least(1));
  f("draws", o.draws, "r: observations of each point", config::at_least(1));
  f("common_random_numbers", o.common_random_numbers,
    "both points of a direction see the same noise, where the noise can be repeated, as that of mini-batches can");
}

Spsa::Spsa(ParameterList parameters, const SpsaOptions& options)
    : Optimizer(std::move(parameters), options.learning_rate), options_(options) {}

StepReport Spsa::step(Objective& objective) {
  torch::NoGradGuard no_grad;
  const auto k = static_cast<double>(steps_ + 1);
  const double gain = learning_rate() / std::pow(options_.stability + k, options_.learning_rate_exponent);
  const double displacement = options_.perturbation / std::pow(k, options_.perturbation_exponent);
  StepReport report{.loss = {}, .step_size = gain, .scalars = {{"perturbation", displacement}}};
  if (objective.settle_statistics()) ++report.forwards;

  const at::Tensor here = flat_point(tensors());
  const std::int64_t q = options_.directions;
  const at::Tensor signs =
      random_signs(q, here.numel(), streams_.generator("perturbations", static_cast<std::uint64_t>(steps_)));
  NoisyQuery query{at::cat({here + displacement * signs, here - displacement * signs}), {}, options_.draws};
  for (std::int64_t j = 0; j < 2 * q; ++j) query.keys.push_back(options_.common_random_numbers ? j % q : j);
  const NoisyValues observed = objective.draw(query);
  evaluations_ += observed.evaluations;
  report.forwards += observed.evaluations;
  report.loss = observed.values.mean().to(tensors().front().options().requires_grad(false));
  if (!observed.values.isfinite().all().item<bool>()) return report.skipped();

  const at::Tensor means = observed.values.mean(1);
  const at::Tensor slopes = (means.narrow(0, 0, q) - means.narrow(0, q, q)) / (2 * displacement);
  add_flat(tensors(), at::mv(signs.t(), slopes), -gain / static_cast<double>(q));
  ++steps_;
  return report;
}

OptimizerState Spsa::state_dict() const {
  return {.tensors = {}, .values = {{"steps", steps_}, {"evaluations", evaluations_}}};
}

void Spsa::load_state_dict(const OptimizerState& state) {
  steps_ = saved_steps(state);
  evaluations_ = saved_count(state, "evaluations");
}

}  // namespace talweg::optim
