// The trajectory that docs/lorenza.md prints: four steps of LORENZA on a weighted least-squares problem with given
// probe coefficients, computed independently in NumPy. Nothing in it depends on the signs of singular vectors.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/libtorch.h"
#include "optim/function_objective.h"
#include "optim/lorenza.h"

namespace talweg::optim {
namespace {

const std::vector<std::vector<std::vector<double>>> kProbes = {
    {{1, -0.5}, {0.25, 2}}, {{-1, 1}, {0.5, 0.5}}, {{2, -1}, {-0.5, 1.5}}, {{0.75, -0.25}, {1, 1}}};

at::Tensor matrix(const std::vector<double>& values, std::int64_t rows) {
  return at::tensor(at::ArrayRef<double>(values), at::kDouble).view({rows, -1});
}

struct Trajectory {
  std::vector<double> losses, estimate_norms;
  std::vector<std::vector<double>> slopes;
  at::Tensor weight;
};

LorenzaOptions options() {
  LorenzaOptions o;
  o.low_rank.learning_rate = 0.01;
  o.low_rank.subspace.rank = 2;
  o.low_rank.subspace.interval = 2;
  o.low_rank.subspace.method = BasisMethod::exact_svd;
  o.low_rank.subspace.scale = 1;
  o.low_rank.rule = config::Component<MomentRuleKind>("adam", {{"epsilon", "1e-8"}});
  o.ascent.zeroth_order.rho = 0.1;
  o.ascent.zeroth_order.probe.mu = 0.1;
  o.ascent.zeroth_order.probe.probes = 2;
  return o;
}

Trajectory run(const LorenzaOptions& o, bool transposed) {
  register_moment_rules();
  at::Tensor target = matrix({1, -2, 0.5, 0, 1, 2, -1.5, 0.25, 1, 2, -1, 0.75}, 4);
  at::Tensor h = at::tensor({1.0, 2.0, 3.0, 4.0}, at::kDouble).view({4, 1});
  if (transposed) {
    target = target.t().contiguous();
    h = h.t();
  }
  at::Tensor weight = at::zeros_like(target).requires_grad_(true);
  FunctionObjective objective(
      {weight}, [&](const std::vector<at::Tensor>& p) { return 0.5 * (h * (p[0] - target).square()).sum(); });
  Lorenza optimizer(std::vector<at::Tensor>{weight}, o);
  if (o.ascent.zeroth_order.rho > 0)
    dynamic_cast<DiagonalDirections&>(optimizer.ascent().directions())
        .set_coefficients([](std::int64_t step, std::int64_t probe, std::span<double> all) {
          const auto& u = kProbes[static_cast<std::size_t>(step)][static_cast<std::size_t>(probe)];
          std::copy(u.begin(), u.end(), all.begin());
        });
  Trajectory trajectory;
  trajectory.losses.push_back(objective.value().item<double>());
  for (int t = 0; t < 4; ++t) {
    optimizer.step(objective);
    trajectory.losses.push_back(objective.value().item<double>());
    if (o.ascent.zeroth_order.rho == 0) continue;
    trajectory.slopes.push_back(optimizer.last_ascent().slopes);
    trajectory.estimate_norms.push_back(optimizer.last_ascent().estimate_norm.item<double>());
  }
  trajectory.weight = transposed ? weight.detach().t() : weight.detach();
  return trajectory;
}

void expect_near(const at::Tensor& a, const std::vector<double>& values) {
  EXPECT_LT((a - matrix(values, 4)).abs().max().item<double>(), 1e-8);
}

class GoldenTrajectory : public ::testing::TestWithParam<bool> {};

TEST_P(GoldenTrajectory, Lorenza) {
  const Trajectory t = run(options(), GetParam());
  const std::vector<double> losses{23.71875, 23.4737205802, 23.2308203051, 22.9893199317, 22.7499221830};
  const std::vector<double> norms{13.3112496575, 4.2485149596, 14.6101971661, 12.3669318516};
  const std::vector<std::vector<double>> slopes{
      {7.37846964, 13.99418524}, {-4.51415574, 7.93023497}, {14.64588690, 3.37510278}, {6.16947343, 15.67292735}};
  for (std::size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(t.losses[i], losses[i], 1e-8) << i;
  for (std::size_t i = 0; i < norms.size(); ++i) {
    EXPECT_NEAR(t.estimate_norms[i], norms[i], 1e-8) << i;
    for (std::size_t j = 0; j < 2; ++j) EXPECT_NEAR(t.slopes[i][j], slopes[i][j], 1e-8) << i << ", " << j;
  }
  expect_near(t.weight, {0.0316462650, -0.0110132862, 0.0459604228, -0.0403718022, 0.0229205861, 0.0330765294,
                         -0.0398112094, 0.0226476785, 0.0330868918, 0.0316867449, -0.0110634488, 0.0456533160});
}

TEST_P(GoldenTrajectory, LorenzaPlus) {
  LorenzaOptions o = options();
  o.low_rank.residual = ResidualMode::raw;
  const Trajectory t = run(o, GetParam());
  expect_near(t.weight, {0.0076178479, -0.0601755676, 0.0507087515, -0.0159654570, 0.0728212641, 0.0281340284,
                         -0.0659609343, -0.0308081860, 0.0383831954, 0.0260620657, -0.0225618702, 0.0467918978});
  EXPECT_NEAR(t.losses.back(), 22.5056506487, 1e-8);
}

TEST_P(GoldenTrajectory, WithoutPerturbation) {
  LorenzaOptions o = options();
  o.ascent.zeroth_order.rho = 0;
  EXPECT_NEAR(run(o, GetParam()).losses.back(), 22.7496876664, 1e-8);
}

INSTANTIATE_TEST_SUITE_P(BothSides, GoldenTrajectory, ::testing::Bool(),
                         [](const auto& side) { return side.param ? "Left" : "Right"; });

}  // namespace
}  // namespace talweg::optim
