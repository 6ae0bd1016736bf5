#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/libtorch.h"
#include "core/optimizer/run_plan.h"
#include "core/random/keyed_normals.h"
#include "optim/derivative_free/observing_optimizer.h"

namespace talweg::optim {

/// A function of one parameter vector that is observed with additive normal noise, within a budget if there is one.
/// Draws are functions of seed, step, key and number, as those of a task are.
class ObservedFunction : public PlainObjective, private NoisyObjective {
 public:
  using Function = std::function<double(const double*)>;

  ObservedFunction(const std::vector<double>& start, Function function, double sigma, std::uint64_t seed = 1)
      : theta_(at::tensor(at::ArrayRef<double>(start), at::kDouble).requires_grad_(true)),
        parameters_{theta_},
        function_(std::move(function)),
        sigma_(sigma),
        streams_(seed) {}

  const std::vector<at::Tensor>& parameters() const override { return parameters_; }
  at::Tensor value() override { return at::full({}, exact(), at::kDouble); }
  Evaluation gradient() override { throw std::logic_error("these functions have no gradient"); }
  NoisyObjective* noise_facet() override { return this; }

  const at::Tensor& theta() const { return theta_; }
  double exact() const { return function_(theta_.const_data_ptr<double>()); }
  ParameterList named() const { return name_parameters(parameters_); }

  std::uint64_t step = 0;
  std::int64_t evaluations = 0;
  std::optional<std::int64_t> budget;
  at::Tensor lower, upper;

 private:
  NoisyValues draw(const NoisyQuery& query) override {
    const std::int64_t m = query.points.size(0), d = query.points.size(1);
    std::vector<std::uint64_t> seeds;
    for (const std::int64_t key : query.keys)
      for (std::int64_t k = 0; k < query.draws; ++k)
        seeds.push_back(streams_.seed_of(
            "draw", (step * 1000003 + static_cast<std::uint64_t>(key)) * 1009 + static_cast<std::uint64_t>(k)));
    at::Tensor values = at::empty({m, query.draws}, at::kDouble);
    double* value = values.mutable_data_ptr<double>();
    keyed_normals(seeds, 1, value);
    const at::Tensor points = query.points.contiguous();
    for (std::int64_t i = 0; i < m; ++i) {
      const double exact = function_(points.const_data_ptr<double>() + i * d);
      for (std::int64_t k = 0; k < query.draws; ++k, ++value) *value = exact + sigma_ * *value;
    }
    evaluations += m * query.draws;
    return {values, m * query.draws};
  }
  NoisyLimits limits() const override {
    NoisyLimits limits{{}, lower, upper};
    if (budget) limits.evaluations_left = *budget - evaluations;
    return limits;
  }

  at::Tensor theta_;
  std::vector<at::Tensor> parameters_;
  Function function_;
  double sigma_;
  RandomStreams streams_;
};

/// Steps until the budget is spent or so many are made. Returns how many were.
inline int run(ObservingOptimizer& optimizer, ObservedFunction& function, std::uint64_t seed, int most = 1 << 30) {
  RunPlan plan;
  plan.streams = RandomStreams(seed);
  optimizer.begin_run(plan, function);
  for (int made = 0; made < most; ++made) {
    function.step = static_cast<std::uint64_t>(made);
    if (optimizer.step(function).status == StepStatus::out_of_evaluations) return made;
  }
  return most;
}

/// Σ e^{x_i} − x_i − 1.
inline ObservedFunction::Function sum_of_exponentials(int dimension) {
  return [dimension](const double* x) {
    double sum = 0;
    for (int i = 0; i < dimension; ++i) sum += std::expm1(x[i]) - x[i];
    return sum;
  };
}

}  // namespace talweg::optim
