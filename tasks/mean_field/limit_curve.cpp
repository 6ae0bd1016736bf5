#include "tasks/mean_field/limit_curve.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "models/mean_field/limits.h"

namespace talweg::tasks {
namespace {

/// α of networks whose width grows with the samples per weight fixed.
double alpha_of(const NetworkOptions& network, const char* limit) {
  if (!network.alpha)
    throw ConfigError(std::string("'") + limit +
                      "' is the limit of many neurons at fixed n/(m d): give 'alpha', not 'samples'");
  return *network.alpha;
}

mean_field::Problem problem_without_width(const NetworkOptions& network, const char* limit) {
  if (network.gamma)
    throw ConfigError(std::string("'") + limit +
                      "' begins with a second layer of order 1: give "
                      "'second_layer', not 'gamma'");
  return make_problem(network, 1);
}

void require_noise_alone(const NetworkOptions& network, const char* limit) {
  if (network.target.kind != TargetKind::noise)
    throw ConfigError(std::string("'") + limit +
                      "' is known for labels that are noise: 'target' has no "
                      "part in it");
}

struct FlowLimit {
  double tolerance = 1e-10;
};
void declare(config::Fields& f, FlowLimit& o) {
  f("tolerance", o.tolerance, "error of a step of the integrator", config::above(0), config::below(1));
}

class FlowCurve : public LimitCurve {
 public:
  FlowCurve(const FlowLimit& options, const NetworkOptions& network)
      : tolerance_(options.tolerance),
        limit_(problem_without_width(network, "flow"), alpha_of(network, "flow")),
        flow_(limit_.flow()),
        state_(limit_.start()) {}

  TimeUnit unit() const override { return TimeUnit::one; }
  std::vector<Quantity> quantities() const override {
    return {{"a", "a"}, {"overlap", "|v|"}, {"error", "train and test error"}};
  }
  std::vector<double> at(double t) override {
    if (t > t_) mean_field::integrate(flow_, t_, t, state_, step_, tolerance_);
    t_ = std::max(t_, t);
    double square = 0;
    for (std::size_t i = 1; i < state_.size(); ++i) square += state_[i] * state_[i];
    return {state_[0], std::sqrt(square), limit_.error(state_)};
  }

 private:
  double tolerance_, t_ = 0, step_ = 0.1;
  mean_field::MeanFieldFlow limit_;
  mean_field::Flow flow_;
  std::vector<double> state_;
};

struct LazyStartLimit {};
void declare(config::Fields&, LazyStartLimit&) {}

class LazyStartCurve : public LimitCurve {
 public:
  explicit LazyStartCurve(const NetworkOptions& network)
      : has_target_(network.target.kind != TargetKind::noise), limit_(made(network)) {}

  TimeUnit unit() const override { return TimeUnit::inverse_width; }
  std::vector<Quantity> quantities() const override {
    const Quantity error{"error", "train and test error"};
    if (has_target_) return {{"scaled_overlap", "√m |v|"}, error};
    return {{"scaled_neurons", "m C_o(t, t)"}, {"scaled_start", "m (C_d(t, 0) − 1)"}, error};
  }
  std::vector<double> at(double t) override {
    if (has_target_) return {limit_.overlap(t), limit_.error(t)};
    return {limit_.neurons(t), limit_.diagonal(t, 0), limit_.error(t)};
  }
  std::vector<std::pair<std::string, double>> constants() const override {
    return {{"rate", limit_.kappa}, {"plateau", limit_.plateau()}};
  }

 private:
  static mean_field::LazyStart made(const NetworkOptions& network) {
    if (!network.gamma) throw ConfigError("'lazy_start' needs 'gamma', a(0) over the root of the width");
    const double alpha = alpha_of(network, "lazy_start");
    return {make_problem(network, 1), *network.gamma, alpha};
  }

  bool has_target_;
  mean_field::LazyStart limit_;
};

struct NoiseStartLimit {};
void declare(config::Fields&, NoiseStartLimit&) {}

class NoiseStartCurve : public LimitCurve {
 public:
  explicit NoiseStartCurve(const NetworkOptions& network)
      : alpha_(alpha_of(network, "noise_start")), problem_(problem_without_width(network, "noise_start")) {
    require_noise_alone(network, "noise_start");
    if (!(problem_.covariance.first(0) > 0)) throw ConfigError("'noise_start' needs h'(0) > 0");
  }

  TimeUnit unit() const override { return TimeUnit::one; }
  std::vector<Quantity> quantities() const override {
    return {{"scaled_neurons", "m C_o(t, t)"}, {"scaled_start", "m C_o(t, 0)"}};
  }
  std::vector<double> at(double t) override {
    return {mean_field::noise_start_overlap(problem_, alpha_, t, t),
            mean_field::noise_start_overlap(problem_, alpha_, t, 0)};
  }
  /// Where m C_o(t, t) goes: τ²/ρ − 1, ρ = α a0² h'(0).
  std::vector<std::pair<std::string, double>> constants() const override {
    const double a = problem_.second_layer;
    return {{"plateau", problem_.noise * problem_.noise / (alpha_ * a * a * problem_.covariance.first(0)) - 1}};
  }

 private:
  double alpha_;
  mean_field::Problem problem_;
};

struct SphericalSpinLimit {
  double step = 0.05;
};
void declare(config::Fields& f, SphericalSpinLimit& o) {
  f("step", o.step, "step of explicit Euler", config::above(0));
}

/// In the spin glass's own time; the second layer grows by I per unit of it, in units of τ√α/√m.
class SphericalSpinCurve : public LimitCurve {
 public:
  SphericalSpinCurve(const SphericalSpinLimit& options, const NetworkOptions& network)
      : step_(options.step),
        spin_(problem_without_width(network, "spherical_spin").covariance),
        seen_(spin_.measure()) {
    require_noise_alone(network, "spherical_spin");
    rate_ = network.noise * std::sqrt(alpha_of(network, "spherical_spin"));
    const std::vector<double> h = make_problem(network, 1).covariance.coefficients();
    int degrees = 0;
    for (std::size_t k = 2; k < h.size(); ++k)
      if (h[k] != 0) {
        ++degrees;
        degree_ = static_cast<int>(k);
        coefficient_ = h[k];
      }
    if (degrees == 0) throw ConfigError("'spherical_spin' needs a part of h beyond the linear one");
    if (degrees > 1 || degree_ < 3) degree_ = 0;
  }

  TimeUnit unit() const override { return TimeUnit::root_width; }
  std::vector<Quantity> quantities() const override {
    return {{"growth", "I, growth of the second layer"}, {"multiplier", "μ"}};
  }
  /// By linear interpolation between steps.
  std::vector<double> at(double t) override {
    while (seen_.t < t * (1 - 1e-12)) {
      before_ = seen_;
      spin_.advance(step_);
      seen_ = spin_.measure();
    }
    if (seen_.t == before_.t) return {seen_.growth, seen_.mu};
    const double share = std::min(1.0, (t - before_.t) / (seen_.t - before_.t));
    return {before_.growth + share * (seen_.growth - before_.growth), before_.mu + share * (seen_.mu - before_.mu)};
  }
  std::vector<std::pair<std::string, double>> constants() const override {
    if (degree_ == 0) return {};
    const double limit = mean_field::threshold_growth(coefficient_, degree_);
    return {{"threshold_growth", limit}, {"rate_of_second_layer", rate_ * limit}};
  }

 private:
  double step_, rate_ = 0;
  mean_field::SphericalSpin spin_;
  mean_field::SphericalSpin::Point seen_, before_;
  int degree_ = 0;  // of the only power beyond the linear one; 0: there are several
  double coefficient_ = 0;
};

}  // namespace

void register_limit_curves() {
  static const bool once = [] {
    const std::string paper = "Montanari and Urbani 2025";
    auto& registry = config::Registry<LimitCurveKind>::instance();
    registry.add<FlowLimit>(
        "flow", "many neurons at t = O(1), where no noise is fitted", paper + ", 2.10",
        [](const FlowLimit& o, const NetworkOptions& network) { return std::make_unique<FlowCurve>(o, network); });
    registry.add<LazyStartLimit>(
        "lazy_start", "lazy networks at t = O(1/m), in closed form", paper + ", F.5, F.55",
        [](const LazyStartLimit&, const NetworkOptions& network) { return std::make_unique<LazyStartCurve>(network); });
    registry.add<NoiseStartLimit>("noise_start", "pure noise at t = O(1), in closed form", paper + ", G.4",
                                  [](const NoiseStartLimit&, const NetworkOptions& network) {
                                    return std::make_unique<NoiseStartCurve>(network);
                                  });
    registry.add<SphericalSpinLimit>("spherical_spin", "pure noise at t = O(√m): a spin glass at zero temperature",
                                     paper + ", G.14", [](const SphericalSpinLimit& o, const NetworkOptions& network) {
                                       return std::make_unique<SphericalSpinCurve>(o, network);
                                     });
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
