#include "core/train/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/config/count_or_share.h"
#include "core/error.h"
#include "core/io/closest_word.h"
#include "core/run/run_options.h"

namespace talweg {

bool Schedule::is_constant(std::int64_t total) const {
  for (std::int64_t step = 0; step < total; ++step)
    if (factor(step, total) != 1) return false;
  return true;
}

namespace {

/// Rises linearly from 1/warmup to 1 during the first `warmup` steps; what follows is the subclass's.
template <class Options>
class WarmedUp : public Schedule {
 public:
  explicit WarmedUp(const Options& options) : options_(options) {}
  double factor(std::int64_t step, std::int64_t total) const final {
    const std::int64_t warmup = options_.warmup.of(total);
    if (step < warmup) return static_cast<double>(step + 1) / static_cast<double>(warmup);
    return after_warmup(step - warmup, std::max<std::int64_t>(1, total - warmup));
  }

 protected:
  virtual double after_warmup(std::int64_t step, std::int64_t total) const = 0;
  Options options_;
};

struct ConstantOptions {
  config::CountOrShare warmup;
};
struct DecayOptions : ConstantOptions {
  double final_factor = 0;
};
struct RestartOptions : DecayOptions {
  config::CountOrShare cycle{0, 25.0};
  double growth = 1;
  double peak = 1;
};
struct PolynomialOptions : DecayOptions {
  double power = 2;
};
struct StepDecayOptions : ConstantOptions {
  std::int64_t every = 1000;
  double factor = 0.1;
};
struct InverseSquareRootOptions : ConstantOptions {
  std::int64_t scale = 1000;
};
struct WarmupStableDecayOptions : DecayOptions {
  double decay_fraction = 0.2;
};
struct PlateauOptions : ConstantOptions {
  std::string metric = "eval/loss";
  Goal goal = Goal::minimize;
  double factor = 0.1;
  std::int64_t patience = 5;
  double min_improvement = 0;
  double smallest = 0;
};

void declare(config::Fields& f, ConstantOptions& o) {
  f("warmup", o.warmup,
    "linear warm-up before the schedule starts: a number of steps, or a share of the run such as 5%");
}
void declare(config::Fields& f, DecayOptions& o) {
  declare(f, static_cast<ConstantOptions&>(o));
  f("final_factor", o.final_factor, "factor reached at the end of the run", config::at_least(0));
}
void declare(config::Fields& f, RestartOptions& o) {
  declare(f, static_cast<DecayOptions&>(o));
  f("cycle", o.cycle, "length of the first cycle: a number of steps, or a share of what follows the warm-up");
  f("growth", o.growth, "multiplies the length of a cycle at each restart", config::at_least(1));
  f("peak", o.peak, "multiplies the rate at which a cycle begins at each restart", config::above(0),
    config::at_most(1));
}
void declare(config::Fields& f, PolynomialOptions& o) {
  declare(f, static_cast<DecayOptions&>(o));
  f("power", o.power, "p in (1 - t/T)^p", config::above(0));
}
void declare(config::Fields& f, PlateauOptions& o) {
  declare(f, static_cast<ConstantOptions&>(o));
  f("metric", o.metric, "what is watched at every evaluation");
  f("goal", o.goal, "whether that metric is better when small or when large");
  f("factor", o.factor, "multiplies the rate at each reduction", config::above(0), config::below(1));
  f("patience", o.patience, "evaluations without improvement after which the rate is reduced", config::at_least(1));
  f("min_improvement", o.min_improvement, "smaller changes do not count as an improvement", config::at_least(0));
  f("smallest", o.smallest, "the factor is never reduced below this", config::at_least(0), config::at_most(1));
}
void declare(config::Fields& f, StepDecayOptions& o) {
  declare(f, static_cast<ConstantOptions&>(o));
  f("every", o.every, "steps between two reductions", config::at_least(1));
  f("factor", o.factor, "multiplies the rate at each reduction", config::above(0), config::at_most(1));
}
void declare(config::Fields& f, InverseSquareRootOptions& o) {
  declare(f, static_cast<ConstantOptions&>(o));
  f("scale", o.scale, "steps s in sqrt(s/(s + t))", config::at_least(1));
}
void declare(config::Fields& f, WarmupStableDecayOptions& o) {
  declare(f, static_cast<DecayOptions&>(o));
  f("decay_fraction", o.decay_fraction, "last part of the run in which the rate falls linearly", config::above(0),
    config::at_most(1));
}

double progress(std::int64_t step, std::int64_t total) {
  return std::min(1.0, static_cast<double>(step) / static_cast<double>(total));
}

class Constant : public WarmedUp<ConstantOptions> {
  using WarmedUp::WarmedUp;
  bool is_constant(std::int64_t total) const override { return options_.warmup.of(total) <= 1; }
  double after_warmup(std::int64_t, std::int64_t) const override { return 1; }
};
class Linear : public WarmedUp<DecayOptions> {
  using WarmedUp::WarmedUp;
  double after_warmup(std::int64_t step, std::int64_t total) const override {
    return 1 + (options_.final_factor - 1) * progress(step, total);
  }
};
class Cosine : public WarmedUp<DecayOptions> {
  using WarmedUp::WarmedUp;
  double after_warmup(std::int64_t step, std::int64_t total) const override {
    const double half_wave = 0.5 * (1 + std::cos(std::numbers::pi * progress(step, total)));
    return options_.final_factor + (1 - options_.final_factor) * half_wave;
  }
};
class CosineRestarts : public WarmedUp<RestartOptions> {
  using WarmedUp::WarmedUp;
  double after_warmup(std::int64_t step, std::int64_t total) const override {
    double length = std::max(1.0, static_cast<double>(options_.cycle.of(total))), into = static_cast<double>(step),
           peak = 1;
    while (into >= length) {
      into -= length;
      length = std::max(1.0, std::round(length * options_.growth));
      peak *= options_.peak;
    }
    const double half_wave = 0.5 * (1 + std::cos(std::numbers::pi * into / length));
    return options_.final_factor + std::max(0.0, peak - options_.final_factor) * half_wave;
  }
};
class Polynomial : public WarmedUp<PolynomialOptions> {
  using WarmedUp::WarmedUp;
  double after_warmup(std::int64_t step, std::int64_t total) const override {
    return options_.final_factor + (1 - options_.final_factor) * std::pow(1 - progress(step, total), options_.power);
  }
};
/// Follows a metric: its state is the factor, the best value so far and how many evaluations it stands.
class Plateau : public WarmedUp<PlateauOptions> {
  using WarmedUp::WarmedUp;
  double after_warmup(std::int64_t, std::int64_t) const override { return factor_; }

 public:
  bool is_constant(std::int64_t) const override { return false; }
  void observe(const Metrics& evaluation) override {
    const auto found = std::find_if(evaluation.begin(), evaluation.end(),
                                    [&](const auto& metric) { return metric.first == options_.metric; });
    if (found == evaluation.end()) {
      std::vector<std::string> names;
      for (const auto& [name, value] : evaluation) names.push_back(name);
      throw ConfigError(fmt::format("schedule.metric: the task does not measure '{}'{}", options_.metric,
                                    io::suggestion(options_.metric, names)));
    }
    const double value = options_.goal == Goal::minimize ? found->second : -found->second;
    if (std::isfinite(value) && (!best_ || value < *best_ - options_.min_improvement)) {
      best_ = value;
      waited_ = 0;
    } else if (++waited_ >= options_.patience) {
      factor_ = std::max(options_.smallest, factor_ * options_.factor);
      waited_ = 0;
    }
  }
  nlohmann::json state() const override {
    nlohmann::json state = {{"factor", factor_}, {"waited", waited_}};
    if (best_) state["best"] = *best_;
    return state;
  }
  void load(const nlohmann::json& state) override {
    factor_ = state.at("factor").get<double>();
    waited_ = state.at("waited").get<std::int64_t>();
    best_ = state.contains("best") ? std::optional<double>(state.at("best").get<double>()) : std::nullopt;
  }

 private:
  double factor_ = 1;
  std::int64_t waited_ = 0;
  std::optional<double> best_;  // smaller is better, whatever the goal
};
class StepDecay : public WarmedUp<StepDecayOptions> {
  using WarmedUp::WarmedUp;
  double after_warmup(std::int64_t step, std::int64_t) const override {
    return std::pow(options_.factor, static_cast<double>(step / options_.every));
  }
};
class InverseSquareRoot : public WarmedUp<InverseSquareRootOptions> {
  using WarmedUp::WarmedUp;
  double after_warmup(std::int64_t step, std::int64_t) const override {
    const auto scale = static_cast<double>(options_.scale);
    return std::sqrt(scale / (scale + static_cast<double>(step)));
  }
};
class WarmupStableDecay : public WarmedUp<WarmupStableDecayOptions> {
  using WarmedUp::WarmedUp;
  double after_warmup(std::int64_t step, std::int64_t total) const override {
    const double into_decay = (progress(step, total) - (1 - options_.decay_fraction)) / options_.decay_fraction;
    return into_decay <= 0 ? 1 : 1 + (options_.final_factor - 1) * into_decay;
  }
};

}  // namespace

void register_schedules() {
  static const bool once = [] {
    auto& registry = config::Registry<ScheduleKind>::instance();
    registry.add<Constant, ConstantOptions>("constant", "the same rate throughout", "standard");
    registry.add<Linear, DecayOptions>("linear", "falls linearly to the end of the run", "standard");
    registry.add<Cosine, DecayOptions>("cosine", "falls along half a cosine wave", "Loshchilov and Hutter 2017");
    registry.add<CosineRestarts, RestartOptions>("cosine_restarts", "falls along half a cosine wave again and again",
                                                 "Loshchilov and Hutter 2017, section 3");
    registry.add<Polynomial, PolynomialOptions>("polynomial", "falls like a power of what is left of the run",
                                                "standard");
    registry.add<Plateau, PlateauOptions>("plateau", "falls by a factor when a metric has stopped improving",
                                          "standard");
    registry.add<StepDecay, StepDecayOptions>("step", "falls by a factor at regular intervals", "standard");
    registry.add<InverseSquareRoot, InverseSquareRootOptions>(
        "inverse_square_root", "falls like one over the root of the step", "Vaswani et al. 2017, section 5.3");
    registry.add<WarmupStableDecay, WarmupStableDecayOptions>(
        "warmup_stable_decay", "constant, then linear decay in the last part", "Hu et al. 2024, section 4");
    return true;
  }();
  (void)once;
}

}  // namespace talweg
