#include "core/train/schedule.h"

#include <cmath>
#include <numbers>

namespace talweg {
namespace {

/// Rises linearly from 1/warmup to 1 during the first `warmup` steps; what follows is the subclass's.
template <class Options>
class WarmedUp : public Schedule {
 public:
  explicit WarmedUp(const Options& options) : options_(options) {}
  double factor(std::int64_t step, std::int64_t total) const final {
    if (step < options_.warmup) return static_cast<double>(step + 1) / static_cast<double>(options_.warmup);
    return after_warmup(step - options_.warmup, std::max<std::int64_t>(1, total - options_.warmup));
  }

 protected:
  virtual double after_warmup(std::int64_t step, std::int64_t total) const = 0;
  Options options_;
};

struct ConstantOptions {
  std::int64_t warmup = 0;
};
struct DecayOptions : ConstantOptions {
  double final_factor = 0;
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

void declare(config::Fields& f, ConstantOptions& o) {
  f("warmup", o.warmup, "steps of linear warm-up before the schedule starts", config::at_least(0));
}
void declare(config::Fields& f, DecayOptions& o) {
  declare(f, static_cast<ConstantOptions&>(o));
  f("final_factor", o.final_factor, "factor reached at the end of the run", config::at_least(0));
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

template <class T, class Options>
void add(const char* name, const char* summary, const char* source) {
  config::Registry<ScheduleKind>::instance().add<Options>(
      name, summary, source, [](const Options& o) -> std::unique_ptr<Schedule> { return std::make_unique<T>(o); });
}

}  // namespace

void register_schedules() {
  static const bool once = [] {
    add<Constant, ConstantOptions>("constant", "the same rate throughout", "standard");
    add<Linear, DecayOptions>("linear", "falls linearly to the end of the run", "standard");
    add<Cosine, DecayOptions>("cosine", "falls along half a cosine wave", "Loshchilov and Hutter 2017");
    add<StepDecay, StepDecayOptions>("step", "falls by a factor at regular intervals", "standard");
    add<InverseSquareRoot, InverseSquareRootOptions>("inverse_square_root", "falls like one over the root of the step",
                                                     "Vaswani et al. 2017, section 5.3");
    add<WarmupStableDecay, WarmupStableDecayOptions>(
        "warmup_stable_decay", "constant, then linear decay in the last part", "Hu et al. 2024, section 4");
    return true;
  }();
  (void)once;
}

}  // namespace talweg
