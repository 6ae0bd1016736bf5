// The quasi-Newton direction against the textbook two-loop recursion on vectors.
#include "optim/line_search/lbfgs_direction.h"

#include <gtest/gtest.h>

#include <deque>

#include "core/libtorch.h"

namespace talweg::optim {
namespace {

/// Nocedal and Wright, algorithm 7.4.
at::Tensor two_loops(const std::deque<std::pair<at::Tensor, at::Tensor>>& pairs, const at::Tensor& gradient) {
  at::Tensor q = gradient.clone();
  std::vector<double> alphas(pairs.size());
  for (std::size_t i = pairs.size(); i-- > 0;) {
    const auto& [s, y] = pairs[i];
    alphas[i] = (s.dot(q) / s.dot(y)).item<double>();
    q -= alphas[i] * y;
  }
  if (!pairs.empty()) q *= pairs.back().first.dot(pairs.back().second) / pairs.back().second.square().sum();
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto& [s, y] = pairs[i];
    q += (alphas[i] - (y.dot(q) / s.dot(y)).item<double>()) * s;
  }
  return q;
}

TEST(LbfgsDirection, IsThatOfTheTwoLoopRecursion) {
  constexpr std::int64_t kHistory = 4;
  torch::manual_seed(2);
  const at::Tensor root = at::randn({12, 12}, at::kDouble);
  const at::Tensor hessian = root.mm(root.t()) + at::eye(12, at::kDouble);
  at::Tensor theta = at::randn({12}, at::kDouble);
  LbfgsDirection rule({kHistory}, {theta});
  std::deque<std::pair<at::Tensor, at::Tensor>> pairs;
  at::Tensor last_theta, last_gradient;
  for (int t = 0; t < 15; ++t) {
    // On the way the curvature turns negative once: that pair is left out by both.
    const at::Tensor gradient = t == 7 ? -hessian.mv(theta) : hessian.mv(theta);
    if (last_theta.defined()) {
      const at::Tensor s = theta - last_theta, y = gradient - last_gradient;
      if (s.dot(y).item<double>() > 0) pairs.emplace_back(s, y);
      if (static_cast<std::int64_t>(pairs.size()) > kHistory) pairs.pop_front();
    }
    const at::Tensor expected = two_loops(pairs, gradient);
    const at::Tensor direction = rule.propose({theta}, {gradient}).front();
    EXPECT_LT((direction - expected).norm().item<double>(), 1e-9 * expected.norm().item<double>()) << "step " << t;
    EXPECT_GT(direction.dot(gradient).item<double>(), 0) << "a direction of descent";
    last_theta = theta.clone();
    last_gradient = gradient;
    const double step = t < 3 ? 0.02 : 0.3;
    theta = theta - step * direction;
    rule.moved({theta}, {direction}, step);
  }
}

TEST(LbfgsDirection, ForgettingLeadsBackToTheGradient) {
  at::Tensor theta = at::ones({3}, at::kDouble);
  LbfgsDirection rule({5}, {theta});
  for (int t = 0; t < 4; ++t) {
    const at::Tensor gradient = theta * at::tensor({1.0, 5.0, 25.0}, at::kDouble);
    const Direction direction = rule.propose({theta}, {gradient});
    theta = theta - 0.01 * direction.front();
    rule.moved({theta}, direction, 0.01);
  }
  rule.forget();
  const at::Tensor gradient = at::tensor({1.0, 2.0, 3.0}, at::kDouble);
  EXPECT_TRUE(at::equal(rule.propose({theta}, {gradient}).front(), gradient));
}

}  // namespace
}  // namespace talweg::optim
