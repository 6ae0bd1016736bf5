#include "optim/derivative_free/batch_rule.h"

#include <algorithm>
#include <cmath>

#include "core/libtorch.h"

namespace talweg::optim {
namespace {

enum class When { next, same };
std::vector<std::pair<std::string, When>> choices(When) {
  return {{"next", When::next}, {"same", When::same}};
}

struct TestOptions {
  double theta = 0.5;
  double growth_cap = 4;
  When when = When::next;
};
void declare(config::Fields& f, TestOptions& o) {
  f("theta", o.theta, "largest error that is accepted, relative to the gradient's length", config::above(0));
  f("growth_cap", o.growth_cap, "the batch grows at most by this factor at once", config::above(1));
  f("when", o.when,
    "a gradient that fails the test: more pairs from the next step on, or more at the same point before "
    "the step is made");
}

/// Rules that test a gradient. The mean square error of a central difference at its best perturbation falls as
/// n^{−2/3}, so that an excess r asks for r^{3/2} times the pairs; a batch never shrinks.
class TestedBatch : public BatchRule {
 public:
  explicit TestedBatch(const TestOptions& options) : options_(options) {}
  bool repeats() const override { return options_.when == When::same; }
  bool yields_to_budget() const override { return true; }
  std::int64_t next(const GradientEstimate& estimate, const Batches& batches) const override {
    const double excess = this->excess(estimate) / (options_.theta * options_.theta);
    if (!(excess > 1)) return batches.pairs;
    const double growth = std::min(options_.growth_cap, std::pow(excess, 1.5));
    const auto unit = static_cast<double>(batches.unit);
    return batches.unit * static_cast<std::int64_t>(std::ceil(static_cast<double>(batches.pairs) * growth / unit));
  }

 protected:
  /// The relative error that is compared with theta².
  virtual double excess(const GradientEstimate& estimate) const = 0;

 private:
  TestOptions options_;
};

/// E‖ĝ − ∇F‖² ≤ θ²‖ĝ‖². Source: Byrd, Chin, Nocedal and Wu 2012.
class NormTest : public TestedBatch {
 public:
  using TestedBatch::TestedBatch;

 private:
  double excess(const GradientEstimate& e) const override {
    return e.squared_error / e.gradient.square().sum().item<double>();
  }
};

/// Var⟨ĝ, g⟩ ≤ θ²‖ĝ‖⁴: asks that ĝ leads down, not that it is exact. Source: Bollapragada, Byrd and Nocedal 2018.
class InnerProductTest : public TestedBatch {
 public:
  using TestedBatch::TestedBatch;

 private:
  double excess(const GradientEstimate& e) const override {
    const double square = e.gradient.square().sum().item<double>();
    return e.projected_variance / (square * square);
  }
};

struct FixedOptions {};
void declare(config::Fields&, FixedOptions&) {}

class FixedBatch : public BatchRule {
 public:
  explicit FixedBatch(const FixedOptions&) {}
  std::int64_t next(const GradientEstimate&, const Batches& batches) const override { return batches.pairs; }
};

struct LinearGrowthOptions {
  double growth = 1;
};
void declare(config::Fields& f, LinearGrowthOptions& o) {
  f("growth", o.growth, "pairs that are added after every step", config::at_least(0));
}

/// n_t = n_0 + growth·t, rounded down to the unit: the rule of the code that was published with Cor-CFD.
class LinearGrowth : public BatchRule {
 public:
  explicit LinearGrowth(const LinearGrowthOptions& options) : options_(options) {}
  std::int64_t next(const GradientEstimate&, const Batches& batches) const override {
    const double pairs = static_cast<double>(batches.first) + options_.growth * static_cast<double>(batches.steps);
    return batches.unit * std::max<std::int64_t>(1, static_cast<std::int64_t>(pairs) / batches.unit);
  }

 private:
  LinearGrowthOptions options_;
};

}  // namespace

void register_batch_rules() {
  static const bool once = [] {
    auto& registry = config::Registry<BatchRuleKind>::instance();
    registry.add<NormTest, TestOptions>("norm", "the gradient's error is at most theta times its length",
                                        "Byrd et al. 2012; with central differences: ours");
    registry.add<InnerProductTest, TestOptions>("inner_product",
                                                "the error along the gradient is at most theta times "
                                                "its length",
                                                "Bollapragada, Byrd and Nocedal 2018");
    registry.add<FixedBatch, FixedOptions>("fixed", "every gradient from equally many pairs", "standard");
    registry.add<LinearGrowth, LinearGrowthOptions>("linear_growth", "a few pairs more after every step",
                                                    "code published with arXiv 2405.05638");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::optim
