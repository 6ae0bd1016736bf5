#pragma once

#include "optim/derivative_free/gradient_estimator.h"

namespace talweg::optim {

struct SmoothingOptions {
  double perturbation = 0.1;
  std::int64_t pairs = 4;
};
void declare(config::Fields& f, SmoothingOptions& o);
struct SpsaEstimatorOptions : SmoothingOptions {};
struct GaussianSmoothingOptions : SmoothingOptions {};

/// The mean of slope·u over n random directions u, each with one pair of observations: unbiased for the gradient of the
/// smoothed function, whatever the dimension, with a variance that grows with it. Here an effort of n pairs is n
/// directions.
class SmoothingEstimator : public GradientEstimator {
 public:
  explicit SmoothingEstimator(const SmoothingOptions& options) : options_(options) {}
  std::int64_t first_pairs() const override { return options_.pairs; }
  std::int64_t evaluations(std::int64_t, std::int64_t pairs) const override { return 2 * pairs; }
  GradientEstimate estimate(Observer& observer, const at::Tensor& x, std::int64_t pairs,
                            const RandomStreams& streams) override;

 private:
  virtual Frame directions(std::int64_t count, std::int64_t dimension, RandomGenerator generator) const = 0;
  SmoothingOptions options_;
};

/// Directions of random signs, Δ: as all |Δ_i| = 1, slope·Δ is slope/Δ.
class SpsaEstimator : public SmoothingEstimator {
 public:
  explicit SpsaEstimator(const SpsaEstimatorOptions& options) : SmoothingEstimator(options) {}

 private:
  Frame directions(std::int64_t count, std::int64_t dimension, RandomGenerator generator) const override {
    return Frame::signs(count, dimension, generator);
  }
};

/// Directions of independent normal numbers.
class GaussianSmoothing : public SmoothingEstimator {
 public:
  explicit GaussianSmoothing(const GaussianSmoothingOptions& options) : SmoothingEstimator(options) {}

 private:
  Frame directions(std::int64_t count, std::int64_t dimension, RandomGenerator generator) const override {
    return Frame::gaussian(count, dimension, generator);
  }
};

}  // namespace talweg::optim
