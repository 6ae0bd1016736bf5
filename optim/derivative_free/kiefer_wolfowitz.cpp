#include "optim/derivative_free/kiefer_wolfowitz.h"

namespace talweg::optim {

void declare(config::Fields& f, KieferWolfowitzOptions& o) {
  f("learning_rate", o.learning_rate, "a of the gains a_k = a/(A + k)^alpha; above 1/(2 mu) for strong convexity mu",
    config::above(0));
  f("stability", o.stability, "A of the gains", config::at_least(0));
  f("learning_rate_exponent", o.learning_rate_exponent, "alpha of the gains", config::above(0), config::at_most(1));
  f("perturbation", o.perturbation, "c of the displacements c_k = c/k^gamma, in units of x", config::above(0));
  f("perturbation_exponent", o.perturbation_exponent, "gamma of the displacements", config::at_least(0),
    config::at_most(0.5));
  f("draws", o.draws, "r: observations of each point", config::at_least(1));
  declare_directions(f, o.directions);
}

KieferWolfowitz::KieferWolfowitz(ParameterList parameters, const KieferWolfowitzOptions& options)
    : GainDescent(
          std::move(parameters), options.learning_rate,
          {options.stability, options.learning_rate_exponent, options.perturbation, options.perturbation_exponent},
          options.draws, /*common_random_numbers=*/false),
      directions_(options.directions) {}

}  // namespace talweg::optim
