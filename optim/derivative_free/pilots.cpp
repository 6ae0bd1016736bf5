#include "optim/derivative_free/pilots.h"

#include <algorithm>
#include <cmath>

#include "core/libtorch.h"
#include "optim/derivative_free/quotients.h"

namespace talweg::optim {

void declare(config::Fields& f, PilotScaleOptions& o) {
  f("design", o.design, "perturbations at equal distances, or drawn from a half-normal distribution");
  f("scale", o.scale, "s: 'auto' follows what was found, a number stays and is in units of x");
  f("gamma", o.gamma, "with 'auto': the scale over the perturbation that was found", config::above(0));
  f("first", o.first, "with 'auto': the perturbation that is supposed before any was found", config::above(0));
  f("max", o.max, "with 'auto': the largest perturbation that is followed", config::above(0));
  f("memory", o.memory, "with 'auto': m, the weight of what was found before, in logarithms", config::at_least(0),
    config::below(1));
}

void declare(config::Fields& f, PilotOptions& o) {
  f("perturbations", o.perturbations, "K: distinct perturbations of the pilots", config::at_least(2));
  f("pairs", o.pairs, "n_b: pairs of observations at each perturbation, to begin with", config::at_least(2));
  f("bootstrap", o.bootstrap, "moments of the pilots in closed form, or by resampling");
  f("resamples", o.resamples, "I: resamples of the Monte Carlo bootstrap", config::at_least(2));
  f("weights", o.weights, "of the regression: alike for alike noise, or from each perturbation's own variance");
  f("p0", o.p0, "where the perturbations of the pilots come from");
  f("guard", o.guard, "limit the perturbation that was found to 0.05 to 3 times the pilots' median");
  declare_directions(f, o.directions);
}

Perturbations Pilots::design(const Frame& frame, std::int64_t n_b, const RandomStreams& streams) {
  const PilotScaleOptions& p0 = options_.p0;
  const std::int64_t k = options_.perturbations;
  RandomGenerator generator = streams.generator("pilots");
  Perturbations result{{}, k};
  for (std::int64_t i = 0; i < frame.count(); ++i) {
    const double own = scales_[scales_.size() == 1 ? 0 : static_cast<std::size_t>(i)];
    const double scale = p0.scale.number ? *p0.scale.number * std::pow(static_cast<double>(n_b), -0.1) : p0.gamma * own;
    for (std::int64_t j = 1; j <= k; ++j) {
      double c = 2 * static_cast<double>(j) / static_cast<double>(k);
      if (p0.design == PilotDesign::half_normal) do
          c = std::abs(generator.normal());
        while (c < (p0.scale.number ? 0.001 / *p0.scale.number : 0.001));
      result.h.push_back(c * scale);
    }
  }
  return result;
}

double Pilots::limited(double perturbation, const std::vector<double>& pilots) {
  if (!options_.guard && std::isfinite(perturbation)) return perturbation;
  std::vector<double> sorted = pilots;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t half = sorted.size() / 2;
  const double median = sorted.size() % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  // Without a guard only a curvature of exactly zero is met: any perturbation is then as good as the longest pilot's.
  const double inside = options_.guard ? std::clamp(perturbation, 0.05 * median, 3 * median) : sorted.back();
  clamps_ += inside != perturbation;
  return inside;
}

void Pilots::follow(double& scale, double found) const {
  const double limited = std::clamp(found, scale / 2, 2 * scale), memory = options_.p0.memory;
  scale = std::min(options_.p0.max, std::exp(memory * std::log(scale) + (1 - memory) * std::log(limited)));
}

std::vector<PilotResult> Pilots::observe(Observer& observer, const at::Tensor& x, const Frame& frame, std::int64_t n_b,
                                         double pairs, const RandomStreams& streams) {
  const bool by_coordinate = frame.count() == frame.dimension();
  scales_.resize(by_coordinate ? static_cast<std::size_t>(frame.count()) : 1,
                 std::min(options_.p0.first, options_.p0.max));
  clamps_ = 0;
  const Perturbations perturbations = design(frame, n_b, streams);
  const at::Tensor quotients = central_quotients(observer, x, frame, perturbations, n_b);
  RandomGenerator generator = streams.generator("bootstrap");
  const auto k = static_cast<std::size_t>(options_.perturbations);
  std::vector<PilotResult> results;
  for (std::int64_t i = 0; i < frame.count(); ++i) {
    const std::span<const double> h(perturbations.h.data() + static_cast<std::size_t>(i) * k, k);
    const double* own = quotients.const_data_ptr<double>() + i * options_.perturbations * n_b;
    PilotResult result;
    result.moments = options_.bootstrap == Bootstrap::exact
                         ? exact_moments(h, own, n_b)
                         : bootstrap_moments(h, own, n_b, options_.resamples, generator);
    result.fit = fit_curvature(result.moments, options_.weights);
    clamps_ += result.fit.weights_replaced;
    if (result.moments.noise_variance > 0) {
      const double found = optimal_perturbation(result.moments.noise_variance, result.fit.curvature, pairs);
      result.perturbation = limited(found, result.moments.h);
      if (!options_.p0.scale.number && !std::isnan(found))
        follow(scales_[by_coordinate ? static_cast<std::size_t>(i) : 0], found);
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace talweg::optim
