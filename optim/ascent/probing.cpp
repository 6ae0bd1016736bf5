#include "optim/ascent/probing.h"

#include <algorithm>
#include <cmath>

#include "core/device/host_read.h"
#include "core/libtorch.h"

namespace talweg::optim {

std::vector<std::pair<std::string, Estimator>> choices(Estimator) {
  return {{"central", Estimator::central}, {"one_sided", Estimator::one_sided}};
}

void declare(config::Fields& f, ProbeOptions& o) {
  f("mu", o.mu, "length of a probe's displacement in units of its direction, in the weights' unit", config::above(0));
  f("probes", o.probes, "q: directions probed per step", config::at_least(1), config::at_most(1 << 20));
  f("estimator", o.estimator, "central: two forward passes a probe; one_sided: one, and one for all probes together");
  f("probe_fraction", o.probe_fraction, "share of the batch on which probes are evaluated", config::above(0),
    config::at_most(1));
}

Slopes probe_slopes(Objective& objective, ProbeDirections& directions, DisplacedParameters& about,
                    const ProbeOptions& options) {
  const bool central = options.estimator == Estimator::central;
  const auto count = static_cast<std::size_t>(options.probes);
  std::vector<at::Tensor> losses;
  const auto evaluate = [&] { losses.push_back(objective.probe(options.probe_fraction).detach().to(at::kDouble)); };
  if (!central) evaluate();
  std::vector<double> weights(count, 0.0);
  for (std::size_t j = 0; j < count; ++j) {
    weights[j] = options.mu;
    directions.place(about, weights);
    weights[j] = 0;
    evaluate();
    if (!central) continue;
    about.reflect();
    evaluate();
  }
  Slopes slopes;
  const std::vector<double> f = host_read(at::stack(losses));
  slopes.forwards = static_cast<std::int64_t>(f.size());
  slopes.finite = std::all_of(f.begin(), f.end(), [](double value) { return std::isfinite(value); });
  slopes.whole_batch = options.probe_fraction == 1;
  slopes.last_sign = central ? -1 : 1;
  for (std::size_t j = 0; j < count; ++j)
    slopes.values.push_back(central ? (f[2 * j] - f[2 * j + 1]) / (2 * options.mu) : (f[j + 1] - f[0]) / options.mu);
  if (central) {
    for (const double value : f) slopes.loss += value / static_cast<double>(f.size());
  } else {
    slopes.loss = f.front();
  }
  return slopes;
}

}  // namespace talweg::optim
