#include "optim/derivative_free/spsa.h"

namespace talweg::optim {

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
    : GainDescent(
          std::move(parameters), options.learning_rate,
          {options.stability, options.learning_rate_exponent, options.perturbation, options.perturbation_exponent},
          options.draws, options.common_random_numbers),
      count_(options.directions) {}

Frame Spsa::directions(std::int64_t dimension) const {
  return Frame::signs(count_, dimension, step_streams().generator("perturbations"));
}

}  // namespace talweg::optim
