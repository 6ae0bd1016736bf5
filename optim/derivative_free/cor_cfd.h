#pragma once

#include "optim/derivative_free/pilots.h"

namespace talweg::optim {

struct CorCfdOptions : PilotOptions {
  double pilot_share = 1;
};
void declare(config::Fields& f, CorCfdOptions& o);

/// Correlation-induced central differences: along every direction pilots at K perturbations tell noise and curvature,
/// from them follows the best perturbation ĥ, and every pilot is used again as if it had been observed at ĥ. With a
/// pilot share below 1 the rest of the pairs are observed at ĥ. An effort of n pairs for each direction is K·n_b pilots
/// and n − K·n_b fresh pairs. Source: Liang, Liu and Zhang 2024 (arXiv 2405.05638), and the code published with it.
class CorCfd : public GradientEstimator {
 public:
  explicit CorCfd(const CorCfdOptions& options) : options_(options), pilots_(options) {}
  std::int64_t first_pairs() const override;
  std::int64_t unit() const override { return options_.perturbations; }
  std::int64_t evaluations(std::int64_t dimension, std::int64_t pairs) const override;
  GradientEstimate estimate(Observer& observer, const at::Tensor& x, std::int64_t pairs,
                            const RandomStreams& streams) override;
  nlohmann::json state() const override { return pilots_.state(); }
  void load(const nlohmann::json& state) override { pilots_.load(state); }

 private:
  CorCfdOptions options_;
  Pilots pilots_;
};

struct EmCfdOptions : PilotOptions {
  double pilot_share = 0.5;
};
void declare(config::Fields& f, EmCfdOptions& o);

/// Estimation and then minimisation: pilots tell the best perturbation ĥ and are left out; the rest of the pairs are
/// observed at ĥ. What recycling improves on. Source: Li and Lam 2020.
class EmCfd : public GradientEstimator {
 public:
  explicit EmCfd(const EmCfdOptions& options) : options_(options), pilots_(options) {}
  std::int64_t first_pairs() const override;
  std::int64_t unit() const override { return options_.perturbations; }
  std::int64_t evaluations(std::int64_t dimension, std::int64_t pairs) const override;
  GradientEstimate estimate(Observer& observer, const at::Tensor& x, std::int64_t pairs,
                            const RandomStreams& streams) override;
  nlohmann::json state() const override { return pilots_.state(); }
  void load(const nlohmann::json& state) override { pilots_.load(state); }

 private:
  EmCfdOptions options_;
  Pilots pilots_;
};

}  // namespace talweg::optim
