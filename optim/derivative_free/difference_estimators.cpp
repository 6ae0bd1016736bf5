#include "optim/derivative_free/difference_estimators.h"

#include <vector>

#include "core/libtorch.h"
#include "optim/derivative_free/difference_theory.h"
#include "optim/derivative_free/quotients.h"

namespace talweg::optim {
namespace {

/// The estimate from quotients [r, 1, n] of one perturbation for each direction. `noise_factor`: σ² over the variance
/// of a quotient times h²; the biases of the slopes, where they are known, enter the error.
GradientEstimate mean_of_quotients(const at::Tensor& quotients, const Frame& frame, const Perturbations& perturbations,
                                   double noise_factor, std::span<const double> biases = {}) {
  const std::int64_t r = quotients.size(0), n = quotients.size(2);
  GradientEstimate estimate;
  std::vector<double> slopes;
  double error = 0, projected = 0, noise = 0;
  for (std::int64_t i = 0; i < r; ++i) {
    const double h = perturbations.h[static_cast<std::size_t>(i)];
    const double* quotient = quotients.const_data_ptr<double>() + i * n;
    double mean = 0, square = 0;
    for (std::int64_t j = 0; j < n; ++j) mean += quotient[j] / static_cast<double>(n);
    for (std::int64_t j = 0; j < n; ++j) square += (quotient[j] - mean) * (quotient[j] - mean);
    const double variance = n > 1 ? square / static_cast<double>(n - 1) : std::nan("");
    slopes.push_back(mean);
    error += variance / static_cast<double>(n);
    projected += mean * mean * variance / static_cast<double>(n);
    noise += noise_factor * h * h * variance / static_cast<double>(r);
    estimate.perturbation += h / static_cast<double>(r);
  }
  for (const double bias : biases) error += bias * bias;
  estimate.gradient = frame.combine(slopes);
  estimate.squared_error = error;
  estimate.projected_variance = projected;
  estimate.noise_variance = noise;
  return estimate;
}

}  // namespace

void declare(config::Fields& f, CentralDifferenceOptions& o) {
  f("perturbation", o.perturbation, "h: half the distance of the points of a pair", config::above(0));
  f("pairs", o.pairs, "n: pairs of observations for each direction, to begin with", config::at_least(1));
  declare_directions(f, o.directions);
}

std::int64_t CentralDifference::evaluations(std::int64_t dimension, std::int64_t pairs) const {
  return 2 * options_.directions.of(dimension) * pairs;
}

GradientEstimate CentralDifference::estimate(Observer& observer, const at::Tensor& x, std::int64_t pairs,
                                             const RandomStreams& streams) {
  const Frame frame = options_.directions.frame(x.numel(), streams);
  const Perturbations perturbations = Perturbations::same(frame.count(), options_.perturbation);
  return mean_of_quotients(central_quotients(observer, x, frame, perturbations, pairs), frame, perturbations, 2);
}

std::int64_t ForwardDifference::evaluations(std::int64_t dimension, std::int64_t pairs) const {
  return (options_.directions.of(dimension) + 1) * pairs;
}

GradientEstimate ForwardDifference::estimate(Observer& observer, const at::Tensor& x, std::int64_t pairs,
                                             const RandomStreams& streams) {
  const Frame frame = options_.directions.frame(x.numel(), streams);
  return mean_of_quotients(forward_quotients(observer, x, frame, options_.perturbation, pairs), frame,
                           Perturbations::same(frame.count(), options_.perturbation), 0.5);
}

void declare(config::Fields& f, OracleCfdOptions& o) {
  f("noise", o.noise, "sigma: standard deviation of an observation", config::above(0));
  f("curvature", o.curvature, "B = F'''/6, the same along all directions or one for each");
  f("pairs", o.pairs, "n: pairs of observations for each direction, to begin with", config::at_least(1));
  declare_directions(f, o.directions);
}

std::int64_t OracleCfd::evaluations(std::int64_t dimension, std::int64_t pairs) const {
  return 2 * options_.directions.of(dimension) * pairs;
}

GradientEstimate OracleCfd::estimate(Observer& observer, const at::Tensor& x, std::int64_t pairs,
                                     const RandomStreams& streams) {
  const Frame frame = options_.directions.frame(x.numel(), streams);
  Perturbations perturbations;
  std::vector<double> biases;
  for (std::int64_t i = 0; i < frame.count(); ++i) {
    const double b = options_.curvature[static_cast<std::size_t>(i) % options_.curvature.size()];
    perturbations.h.push_back(optimal_perturbation(options_.noise * options_.noise, b, static_cast<double>(pairs)));
    biases.push_back(b * perturbations.h.back() * perturbations.h.back());
  }
  return mean_of_quotients(central_quotients(observer, x, frame, perturbations, pairs), frame, perturbations, 2,
                           biases);
}

}  // namespace talweg::optim
