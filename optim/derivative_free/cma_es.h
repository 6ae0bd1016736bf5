#pragma once

#include <optional>

#include "optim/derivative_free/observing_optimizer.h"

namespace talweg::optim {

struct NoiseHandlerOptions {
  double reevaluated = 0.3;
  double threshold = 0.2;
  double smoothing = 0.3;
  double most_draws = 30;
};
void declare(config::Fields& f, NoiseHandlerOptions& o);

struct CmaEsOptions {
  double initial_step = 0.5;
  std::optional<std::int64_t> population;
  std::optional<NoiseHandlerOptions> noise_handler = NoiseHandlerOptions{};
  std::int64_t full_up_to = 200;
};
void declare(config::Fields& f, CmaEsOptions& o);

/// Evolution strategy with covariance matrix adaptation: a step is one generation. The covariance learns from good
/// points (rank one, rank μ) and, with negative weights, from bad ones. Under noise a share of every population is
/// observed again; where that changes ranks by more than chance, points get more draws, and beyond the most of them the
/// step size grows. The parameters stand at the mean of the distribution, which is the recommended point. Beyond
/// `full_up_to` variables the covariance is kept diagonal. Points outside a box are drawn again, then moved into it.
/// Source: Hansen, arXiv 1604.00772 (constants, active covariance); Hansen et al. 2009 (uncertainty handling); Ros and
/// Hansen 2008 (diagonal).
class CmaEs : public ObservingOptimizer {
 public:
  CmaEs(ParameterList parameters, const CmaEsOptions& options);

 protected:
  void advance(Observer& observer, StepReport& report) override;
  std::int64_t least_evaluations(std::int64_t dimension) const override;
  void save_search(OptimizerState& state) const override;
  void load_search(const OptimizerState& state) override;

 private:
  /// The constants of the tutorial for a dimension and a population.
  struct Constants {
    std::int64_t population, parents;
    std::vector<double> weights;  ///< of all ranks, negative for the worse half
    double effective, c_sigma, d_sigma, c_c, c_1, c_mu, expected_norm;
  };
  Constants constants(std::int64_t dimension, bool diagonal) const;
  void begin(const at::Tensor& mean);
  bool diagonal() const { return scales_.numel() > options_.full_up_to; }
  /// C^{1/2}·z of every row, and C^{−1/2}·y.
  at::Tensor coloured(const at::Tensor& z) const;
  at::Tensor whitened(const at::Tensor& y) const;
  void refresh_axes();
  at::Tensor sample(const Observer& observer, RandomGenerator& generator) const;
  /// Values of the points: means of their draws, some of them observed again for the noise handler.
  std::vector<double> values(Observer& observer, const at::Tensor& points, RandomGenerator& generator);
  void handle_noise(const std::vector<double>& before, const std::vector<double>& again,
                    const std::vector<std::int64_t>& chosen);
  /// Learns from the steps of a generation, [λ, d] in units of sigma, the best first.
  void update(const at::Tensor& ranked);

  CmaEsOptions options_;
  double sigma_;
  double draws_ = 1;        // observations of a point, rounded
  double uncertainty_ = 0;  // ŝ
  std::int64_t axes_age_ = 0;
  at::Tensor covariance_;  // C [d, d], or its diagonal [d]
  at::Tensor axes_;        // B [d, d]
  at::Tensor scales_;      // D [d]
  at::Tensor path_sigma_, path_c_;
};

}  // namespace talweg::optim
