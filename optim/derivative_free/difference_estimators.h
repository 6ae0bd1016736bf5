#pragma once

#include "optim/derivative_free/gradient_estimator.h"

namespace talweg::optim {

struct CentralDifferenceOptions {
  double perturbation = 0.1;
  std::int64_t pairs = 4;
  DirectionCount directions;
};
void declare(config::Fields& f, CentralDifferenceOptions& o);

/// The mean of n central quotients at h along every direction. Its error is known but for the bias B·h².
class CentralDifference : public GradientEstimator {
 public:
  explicit CentralDifference(const CentralDifferenceOptions& options) : options_(options) {}
  std::int64_t first_pairs() const override { return options_.pairs; }
  std::int64_t evaluations(std::int64_t dimension, std::int64_t pairs) const override;
  GradientEstimate estimate(Observer& observer, const at::Tensor& x, std::int64_t pairs,
                            const RandomStreams& streams) override;

 private:
  CentralDifferenceOptions options_;
};

struct ForwardDifferenceOptions : CentralDifferenceOptions {};

/// The mean of n quotients to the value at the point itself, which all directions share. A pair is one observation at
/// x + h·u_i and the shared one at x.
class ForwardDifference : public GradientEstimator {
 public:
  explicit ForwardDifference(const ForwardDifferenceOptions& options) : options_(options) {}
  std::int64_t first_pairs() const override { return options_.pairs; }
  std::int64_t evaluations(std::int64_t dimension, std::int64_t pairs) const override;
  GradientEstimate estimate(Observer& observer, const at::Tensor& x, std::int64_t pairs,
                            const RandomStreams& streams) override;

 private:
  ForwardDifferenceOptions options_;
};

struct OracleCfdOptions {
  double noise = 1;
  std::vector<double> curvature{1.0 / 6};
  std::int64_t pairs = 10;
  DirectionCount directions;
};
void declare(config::Fields& f, OracleCfdOptions& o);

/// Central differences at h* = (σ²/(4nB²))^{1/6} for known σ and B, one for all directions or one for each: what
/// estimators that find both from data are measured by. For studies.
class OracleCfd : public GradientEstimator {
 public:
  explicit OracleCfd(const OracleCfdOptions& options) : options_(options) {}
  std::int64_t first_pairs() const override { return options_.pairs; }
  std::int64_t evaluations(std::int64_t dimension, std::int64_t pairs) const override;
  GradientEstimate estimate(Observer& observer, const at::Tensor& x, std::int64_t pairs,
                            const RandomStreams& streams) override;

 private:
  OracleCfdOptions options_;
};

}  // namespace talweg::optim
