#include "optim/derivative_free/smoothing_estimators.h"

#include <vector>

#include "core/libtorch.h"
#include "optim/derivative_free/quotients.h"

namespace talweg::optim {

void declare(config::Fields& f, SmoothingOptions& o) {
  f("perturbation", o.perturbation, "h: half the distance of the points of a pair, over the length of its direction",
    config::above(0));
  f("pairs", o.pairs, "n: random directions of an estimate, to begin with; each has one pair of observations",
    config::at_least(1));
}

GradientEstimate SmoothingEstimator::estimate(Observer& observer, const at::Tensor& x, std::int64_t pairs,
                                              const RandomStreams& streams) {
  const Frame frame = directions(pairs, x.numel(), streams.generator("directions"));
  const at::Tensor quotients =
      central_quotients(observer, x, frame, Perturbations::same(pairs, options_.perturbation), 1);
  const std::span<const double> slopes{quotients.const_data_ptr<double>(), static_cast<std::size_t>(pairs)};
  GradientEstimate estimate;
  estimate.gradient = frame.combine(slopes);
  estimate.perturbation = options_.perturbation;
  if (pairs == 1) return estimate;
  // The sample variance of the n terms slope·u around their mean ĝ, and of their products with ĝ.
  const double n = static_cast<double>(pairs), norm = estimate.gradient.square().sum().item<double>();
  double square = 0, projected = 0;
  std::vector<double> product(static_cast<std::size_t>(x.numel()));
  for (std::int64_t i = 0; i < pairs; ++i) {
    const double slope = slopes[static_cast<std::size_t>(i)];
    std::fill(product.begin(), product.end(), 0.0);
    frame.displace(product.data(), i, slope);
    double inner = 0;
    for (std::size_t j = 0; j < product.size(); ++j)
      inner += product[j] * estimate.gradient.const_data_ptr<double>()[j];
    square += slope * slope * frame.squared_length(i);
    projected += (inner - norm) * (inner - norm);
  }
  estimate.squared_error = (square / n - norm) / (n - 1);
  estimate.projected_variance = projected / (n - 1) / n;
  return estimate;
}

}  // namespace talweg::optim
