#pragma once

#include <optional>
#include <vector>

#include "core/config/word_or_number.h"
#include "optim/derivative_free/difference_theory.h"
#include "optim/derivative_free/gradient_estimator.h"
#include "optim/derivative_free/quotients.h"

namespace talweg::optim {

/// Where pilot perturbations come from.
enum class PilotDesign {
  equispaced,   ///< h_k = 2s·k/K
  half_normal,  ///< |N(0, s²)|, at least 0.001 (with `auto`: s/1000), drawn anew for every direction and step
};
inline std::vector<std::pair<std::string, PilotDesign>> choices(PilotDesign) {
  return {{"equispaced", PilotDesign::equispaced}, {"half_normal", PilotDesign::half_normal}};
}

enum class Bootstrap { exact, monte_carlo };
inline std::vector<std::pair<std::string, Bootstrap>> choices(Bootstrap) {
  return {{"exact", Bootstrap::exact}, {"monte_carlo", Bootstrap::monte_carlo}};
}

/// P0: the distribution of pilot perturbations.
struct PilotScaleOptions {
  PilotDesign design = PilotDesign::equispaced;
  config::WordOr<"auto"> scale;
  double gamma = 2;
  double first = 0.5;
  double max = 1;
  double memory = 0.7;
};
void declare(config::Fields& f, PilotScaleOptions& o);

struct PilotOptions {
  std::int64_t perturbations = 10;
  std::int64_t pairs = 5;
  Bootstrap bootstrap = Bootstrap::exact;
  std::int64_t resamples = 100;
  PilotWeights weights = PilotWeights::pooled;
  PilotScaleOptions p0;
  bool guard = true;
  DirectionCount directions;
};
void declare(config::Fields& f, PilotOptions& o);

/// The result of the pilots of one direction.
struct PilotResult {
  PilotMoments moments;
  CurvatureFit fit;
  double perturbation = 0;  ///< ĥ for the whole effort; 0 where the function shows no noise
};

/// Observes pilots along the directions of a frame and finds the best perturbation for each. With `scale: auto` the
/// size of the next pilots follows what was found: a running h̄ of each coordinate (of random directions: one for all)
/// with log h̄ ← m·log h̄ + (1 − m)·log ĥ, ĥ limited to [h̄/2, 2h̄], and pilots of scale γ·h̄. A scale that is given is
/// multiplied with n_b^{−1/10}, which balances bias and noise of the curvature. Source: Liang, Liu and Zhang 2024;
/// `auto` is ours.
class Pilots {
 public:
  explicit Pilots(const PilotOptions& options) : options_(options) {}

  /// K·n_b pairs along every direction; ĥ is the best for `pairs` in all.
  std::vector<PilotResult> observe(Observer& observer, const at::Tensor& x, const Frame& frame, std::int64_t n_b,
                                   double pairs, const RandomStreams& streams);
  /// Guards that had to act in the last observe().
  std::int64_t clamps() const { return clamps_; }
  nlohmann::json state() const { return {{"scales", scales_}}; }
  void load(const nlohmann::json& state) { scales_ = state.at("scales").get<std::vector<double>>(); }

 private:
  Perturbations design(const Frame& frame, std::int64_t n_b, const RandomStreams& streams);
  double limited(double perturbation, const std::vector<double>& pilots);
  void follow(double& scale, double found) const;

  PilotOptions options_;
  std::vector<double> scales_;  // h̄
  std::int64_t clamps_ = 0;
};

}  // namespace talweg::optim
