#include "optim/line_search/start_rule.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "optim/loss_minimum.h"

namespace talweg::optim {
namespace {

/// η_max at every step: what the theory of the paper needs. Vaswani and Babanezhad 2025, algorithm 1.
struct MaxOptions {};
void declare(config::Fields&, MaxOptions&) {}
class Max : public StartRule {
 public:
  explicit Max(const MaxOptions&) {}
  double first_step(const StartContext& context) override { return context.largest_step; }
};

struct InitialOptions {
  double step = 1;
};
void declare(config::Fields& f, InitialOptions& o) {
  f("step", o.step, "first trial, where there is no earlier step to start from", config::above(0));
}

double last_or(const StartContext& context, double initial) {
  return context.last_step > 0 ? context.last_step : initial;
}

/// The last accepted step: steps never grow.
class Keep : public StartRule {
 public:
  explicit Keep(const InitialOptions& options) : options_(options) {}
  double first_step(const StartContext& context) override { return last_or(context, options_.step); }

 private:
  InitialOptions options_;
};

struct GrowOptions {
  double step = 1;
  double factor = 2;
};
void declare(config::Fields& f, GrowOptions& o) {
  f("step", o.step, "stands for the last accepted step before there is one", config::above(0));
  f("factor", o.factor, "growth gamma of the first trial over one epoch", config::at_least(1));
}

/// The last accepted step times γ^(batch/examples): it may grow by γ in an epoch.
class Grow : public StartRule {
 public:
  explicit Grow(const GrowOptions& options) : options_(options) {}
  double first_step(const StartContext& context) override {
    return last_or(context, options_.step) * std::pow(options_.factor, context.batch_share);
  }

 private:
  GrowOptions options_;
};

/// The same first trial at every step.
class Init : public StartRule {
 public:
  explicit Init(const InitialOptions& options) : options_(options) {}
  double first_step(const StartContext&) override { return options_.step; }

 private:
  InitialOptions options_;
};

/// The same first trial at the first batch of every epoch; within it steps never grow.
class Epoch : public StartRule {
 public:
  explicit Epoch(const InitialOptions& options) : options_(options) {}
  double first_step(const StartContext& context) override {
    return context.epoch_begins ? options_.step : last_or(context, options_.step);
  }

 private:
  InitialOptions options_;
};

/// The last accepted step times ‖∇f_{t−1}‖²/‖∇f_t‖².
class BbRatio : public StartRule {
 public:
  explicit BbRatio(const InitialOptions& options) : options_(options) {}
  double first_step(const StartContext& context) override {
    if (context.last_step <= 0 || context.squared_norm <= 0) return options_.step;
    return context.last_step * context.last_squared_norm / context.squared_norm;
  }

 private:
  InitialOptions options_;
};

struct PolyakOptions {
  double c = 0.1;
  double minimum = 0;
  double smallest = 1e-6;
  double reduction = 0.5;
};
void declare(config::Fields& f, PolyakOptions& o) {
  f("c", o.c, "divides the Polyak step (f − f*)/(c·slope)", config::above(0));
  f("minimum", o.minimum, "f*, the smallest loss of a batch");
  f("smallest", o.smallest, "first trials are not shorter than this", config::above(0));
  f("reduction", o.reduction, "factor delta per backtrack of the last search, carried on to this one", config::above(0),
    config::below(1));
}

/// The Polyak step of the batch, shortened by what earlier searches had to backtrack: δ^l, l ← max(0, l + backtracks −
/// 1).
class Polyak : public StartRule {
 public:
  explicit Polyak(const PolyakOptions& options) : options_(options) {}
  double first_step(const StartContext& context) override {
    check_loss_minimum(context.point.value, options_.minimum);
    if (context.last_step > 0) exponent_ = std::max<std::int64_t>(0, exponent_ + context.last_backtracks - 1);
    const double step = (context.point.value - options_.minimum) / (options_.c * context.point.slope + 1e-8);
    return std::max(options_.smallest, step * std::pow(options_.reduction, static_cast<double>(exponent_)));
  }
  void save(nlohmann::json& state) const override { state["exponent"] = exponent_; }
  void load(const nlohmann::json& state) override { exponent_ = state.at("exponent").get<std::int64_t>(); }

 private:
  PolyakOptions options_;
  std::int64_t exponent_ = 0;
};

}  // namespace

void register_start_rules() {
  static const bool once = [] {
    auto& registry = config::Registry<StartRuleKind>::instance();
    registry.add<Max, MaxOptions>("max", "the largest step, at every search: the rates of the paper need it",
                                  "Vaswani and Babanezhad 2025, algorithm 1");
    registry.add<Keep, InitialOptions>("keep", "the last accepted step; steps never grow", "Vaswani et al. 2019");
    registry.add<Grow, GrowOptions>("grow", "a little more than the last accepted step", "Vaswani et al. 2019");
    registry.add<Init, InitialOptions>("init", "one and the same step", "Vaswani et al. 2019");
    registry.add<Epoch, InitialOptions>("epoch",
                                        "one and the same step at the start of an epoch, else the last accepted one",
                                        "Galli et al. 2023, code of AdaSLS");
    registry.add<BbRatio, InitialOptions>(
        "bb_ratio", "the last accepted step, scaled by the change of the gradient's norm", "Galli et al. 2023");
    registry.add<Polyak, PolyakOptions>("polyak", "the Polyak step of the batch", "Galli et al. 2023");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::optim
