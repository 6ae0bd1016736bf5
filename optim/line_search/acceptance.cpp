#include "optim/line_search/acceptance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
namespace talweg::optim {
namespace {

using Decision = AcceptanceTest::Decision;

class ArmijoTest : public AcceptanceTest {
 public:
  explicit ArmijoTest(const ArmijoTestOptions& options) : c_(options.c) {}
  std::optional<double> sufficient_decrease() const override { return c_; }
  Decision decide(const SearchPoint& start, double step, double trial, double slack) const override {
    return trial <= start.value - c_ * step * start.slope + slack ? Decision::accept : Decision::shorten;
  }

 private:
  double c_;
};

struct GoldsteinTestOptions {
  double c = 0.1;
};
void declare(config::Fields& f, GoldsteinTestOptions& o) {
  f("c", o.c, "f must fall by at least c and at most 1 − c times what the slope promises", config::above(0),
    config::below(0.5));
}

/// Armijo's test, and f(θ − ηd) ≥ f(θ) − (1 − c)·η·slope: neither too long nor too short.
class GoldsteinTest : public AcceptanceTest {
 public:
  explicit GoldsteinTest(const GoldsteinTestOptions& options) : c_(options.c) {}
  Decision decide(const SearchPoint& start, double step, double trial, double slack) const override {
    if (trial > start.value - c_ * step * start.slope + slack) return Decision::shorten;
    return trial >= start.value - (1 - c_) * step * start.slope - slack ? Decision::accept : Decision::lengthen;
  }

 private:
  double c_;
};

struct NonmonotoneTestOptions {
  double c = 0.5;
  double memory = 1;
};
void declare(config::Fields& f, NonmonotoneTestOptions& o) {
  f("c", o.c, "sufficient-decrease constant", config::above(0), config::below(1));
  f("memory", o.memory, "weight xi of earlier losses in the reference; 1: their mean, 0: Armijo's test",
    config::at_least(0), config::at_most(1));
}

/// Armijo's test against a running mean C of earlier losses: Q ← ξQ + 1, C ← (ξQ·C + f)/Q, reference max(C, f).
class NonmonotoneTest : public AcceptanceTest {
 public:
  explicit NonmonotoneTest(const NonmonotoneTestOptions& options) : options_(options) {}
  void begin(const SearchPoint& start) override {
    const double weight = options_.memory * weight_ + 1;
    mean_ = (options_.memory * weight_ * mean_ + start.value) / weight;
    weight_ = weight;
  }
  std::optional<double> sufficient_decrease() const override { return options_.c; }
  Decision decide(const SearchPoint& start, double step, double trial, double slack) const override {
    return trial <= std::max(mean_, start.value) - options_.c * step * start.slope + slack ? Decision::accept
                                                                                           : Decision::shorten;
  }
  void save(nlohmann::json& state) const override {
    state["mean"] = mean_;
    state["weight"] = weight_;
  }
  void load(const nlohmann::json& state) override {
    mean_ = state.at("mean").get<double>();
    weight_ = state.at("weight").get<double>();
  }

 private:
  NonmonotoneTestOptions options_;
  double mean_ = 0, weight_ = 0;
};

struct LogLossTestOptions {
  double c = 0.5;
};
void declare(config::Fields& f, LogLossTestOptions& o) {
  f("c", o.c, "sufficient-decrease constant", config::above(0), config::below(1));
}

/// Armijo's test on ln f: needs f > 0, as losses above a known minimum are.
class LogLossTest : public AcceptanceTest {
 public:
  explicit LogLossTest(const LogLossTestOptions& options) : c_(options.c) {}
  void begin(const SearchPoint& start) override {
    if (start.value < 0)
      throw TrainingError(
          fmt::format("acceptance 'log_loss' compares logarithms, and the loss is {:.4g}; a "
                      "loss that can be negative needs 'acceptance: armijo'",
                      start.value));
  }
  Decision decide(const SearchPoint& start, double step, double trial, double slack) const override {
    if (trial <= 0) return Decision::accept;
    const double bound = std::log(start.value) - c_ * step * start.slope / start.value + slack / start.value;
    return std::log(trial) <= bound ? Decision::accept : Decision::shorten;
  }

 private:
  double c_;
};

}  // namespace

void declare(config::Fields& f, ArmijoTestOptions& o) {
  f("c", o.c, "f must fall by at least c times what the slope promises; 0.5 for convex losses, 0.1 for deep networks",
    config::above(0), config::below(1));
}

void register_acceptance_tests() {
  static const bool once = [] {
    auto& registry = config::Registry<AcceptanceKind>::instance();
    registry.add<ArmijoTest, ArmijoTestOptions>("armijo", "sufficient decrease", "Armijo 1966");
    registry.add<GoldsteinTest, GoldsteinTestOptions>("goldstein", "sufficient, but not excessive decrease",
                                                      "Goldstein 1965");
    registry.add<NonmonotoneTest, NonmonotoneTestOptions>("nonmonotone",
                                                          "sufficient decrease against a mean of earlier losses",
                                                          "Zhang and Hager 2004; Galli et al. 2023");
    registry.add<LogLossTest, LogLossTestOptions>("log_loss", "sufficient decrease of the logarithm of the loss",
                                                  "policy gradients with a known optimum");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::optim
