// What happens to a run of LORENZA: it is continued, its gradients are hostile, its losses are not finite.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "optim/galore.h"
#include "optim/lorenza.h"
#include "optim/low_rank_problem.h"

namespace talweg::optim {
namespace {

/// Continues a run of 3T steps from a state saved after `saved` steps.
template <class T, class Options>
void expect_bit_exact_resume(const Options& options, int saved) {
  LeastSquares whole(at::kFloat), part(at::kFloat);
  T undisturbed(whole.parameters, options);
  const int steps = saved + 21;
  OptimizerState state;
  std::vector<at::Tensor> weights;
  for (int t = 0; t < steps; ++t) {
    if (t == saved) {
      state = undisturbed.state_dict();
      for (auto& [name, tensor] : state.tensors) tensor = tensor.clone();
      weights = whole.copies();
    }
    undisturbed.step(whole.objective);
  }
  T resumed(part.parameters, options);
  resumed.load_state_dict({state.tensors, nlohmann::json::parse(state.values.dump())});
  {
    torch::NoGradGuard no_grad;
    part.weight.copy_(weights[0]);
    part.bias.copy_(weights[1]);
  }
  for (int t = saved; t < steps; ++t) resumed.step(part.objective);
  EXPECT_TRUE(at::equal(whole.weight, part.weight)) << saved;
  EXPECT_TRUE(at::equal(whole.bias, part.bias)) << saved;
}

TEST(Lorenza, ResumesBitForBitAtARefreshAndBetween) {
  for (const int saved : {5, 7, 14, 0}) {
    LorenzaOptions o = small_lorenza(3, 7);
    expect_bit_exact_resume<Lorenza>(o, saved);
    o.refresh_from = RefreshFrom::previous;
    o.low_rank.residual = ResidualMode::fira;
    o.low_rank.subspace.refresh_stagger = true;
    o.low_rank.subspace.refresh_below = 2.5;
    expect_bit_exact_resume<Lorenza>(o, saved);
    o.low_rank.subspace.method = BasisMethod::range_finder;
    o.low_rank.subspace.moments = MomentTransport::ldadam;
    o.low_rank.rule = config::Component<MomentRuleKind>("adam_8bit", {{"smallest", "16"}, {"block", "16"}});
    expect_bit_exact_resume<Lorenza>(o, saved);
    expect_bit_exact_resume<Galore>(GaloreOptions{o.low_rank}, saved);
  }
}

TEST(Lorenza, RefusesAStateOfOtherShapes) {
  LeastSquares problem;
  Lorenza three(problem.parameters, small_lorenza(3)), four(problem.parameters, small_lorenza(4));
  EXPECT_THROW(three.load_state_dict(four.state_dict()), DataError);
  EXPECT_THROW(three.load_state_dict({}), DataError);
}

TEST(Lorenza, HostileGradientsNeverThrow) {
  std::vector<std::pair<std::string, std::function<at::Tensor(const at::Tensor&)>>> functions{
      {"zero", [](const at::Tensor& w) { return 0 * w.sum(); }},
      {"rank one", [](const at::Tensor& w) { return w.sum(); }},
      {"repeated", [](const at::Tensor& w) { return w.diagonal().sum(); }},
      {"huge", [](const at::Tensor& w) { return 1e20 * w.square().sum() + 1e20 * w.sum(); }},
      {"tiny", [](const at::Tensor& w) { return 1e-20 * w.square().sum() + 1e-20 * w.sum(); }}};
  for (const auto& [name, function] : functions)
    for (const BasisMethod method : {BasisMethod::exact_svd, BasisMethod::randomized_svd, BasisMethod::range_finder})
      for (const MomentTransport moments : {MomentTransport::squared, MomentTransport::ldadam, MomentTransport::keep}) {
        at::Tensor weight = seeded({9, 6}, 4, at::kFloat).requires_grad_(true);
        FunctionObjective objective({weight}, [&](const std::vector<at::Tensor>& p) { return function(p[0]); });
        LorenzaOptions o = small_lorenza(4, 2);
        o.low_rank.subspace.method = method;
        o.low_rank.subspace.moments = moments;
        Lorenza optimizer(std::vector<at::Tensor>{weight}, o);
        for (int t = 0; t < 7; ++t) EXPECT_NO_THROW(optimizer.step(objective)) << name;
        EXPECT_TRUE(weight.isfinite().all().item<bool>()) << name;
      }
}

TEST(Lorenza, AProbeThatIsNotFiniteCostsThePerturbationAndIsCounted) {
  LeastSquares problem, undisturbed;
  Lorenza optimizer(problem.parameters, small_lorenza());
  problem.objective.forged_values[5] = std::nan("");
  const StepReport first = optimizer.step(problem.objective);
  EXPECT_EQ(first.status, StepStatus::accepted);
  EXPECT_EQ(optimizer.ascent().failures(), 0);
  const std::vector<at::Tensor> before = problem.copies();
  const StepReport second = optimizer.step(problem.objective);
  EXPECT_EQ(second.status, StepStatus::accepted);
  EXPECT_EQ(optimizer.ascent().failures(), 1);
  EXPECT_THAT(second.scalars, ::testing::Contains(::testing::Pair("failed_probes", 1.0)));
  EXPECT_FALSE(at::equal(problem.weight, before[0])) << "the step is made all the same";
  // It was made with the gradient at the unperturbed weights.
  const at::Tensor gradient = problem.scales.square() * (before[0] - problem.target);
  EXPECT_LT((problem.weight.grad() - gradient).abs().max().item<double>(), 1e-12);
}

TEST(Lorenza, ALossThatIsNotFiniteSkipsTheStep) {
  LeastSquares problem;
  at::Tensor weight = at::ones({4, 3}).requires_grad_(true);
  struct Unusable : FunctionObjective {
    using FunctionObjective::FunctionObjective;
    Evaluation gradient() override {
      Evaluation evaluation = FunctionObjective::gradient();
      evaluation.usable = false;
      return evaluation;
    }
  } objective({weight}, [](const std::vector<at::Tensor>& p) { return p[0].sum(); });
  Lorenza optimizer(std::vector<at::Tensor>{weight}, small_lorenza());
  EXPECT_EQ(optimizer.step(objective).status, StepStatus::skipped_non_finite);
  EXPECT_TRUE(at::equal(weight, at::ones({4, 3})));
  EXPECT_EQ(optimizer.update().steps(), 0);
}

}  // namespace
}  // namespace talweg::optim
