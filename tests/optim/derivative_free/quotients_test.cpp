// Difference quotients at the edge of a box.
#include "optim/derivative_free/quotients.h"

#include <gtest/gtest.h>

#include "core/libtorch.h"
#include "optim/derivative_free/observed_function.h"

namespace talweg::optim {
namespace {

/// A straight line without noise, which observes beyond its box at the edge, as an oracle does.
ObservedFunction straight_line(const std::vector<double>& start) {
  ObservedFunction line(
      start,
      [](const double* x) {
        double sum = 0;
        const double slopes[] = {2, -3, 0.5};
        for (int i = 0; i < 3; ++i) sum += slopes[i] * std::min(1.0, std::max(0.0, x[i]));
        return sum;
      },
      0);
  line.lower = at::zeros({3}, at::kDouble);
  line.upper = at::ones({3}, at::kDouble);
  return line;
}

TEST(Quotients, OfAStraightLineAreExactUpToTheEdgeOfItsBox) {
  for (const std::vector<double>& start :
       {std::vector<double>{0, 1, 0.5}, std::vector<double>{0.05, 0.9, 1}, std::vector<double>{0.5, 0.5, 0.5}}) {
    ObservedFunction line = straight_line(start);
    Observer observer(line);
    const at::Tensor x = observer.here();
    const Frame coordinates = Frame::coordinates(3);
    const at::Tensor slopes = at::tensor({2.0, -3.0, 0.5}, at::kDouble);
    const auto error = [&](const at::Tensor& quotients) {
      return (quotients.mean({1, 2}) - slopes).abs().max().item<double>();
    };
    const Perturbations two{{0.3, 0.1, 0.3, 0.1, 0.3, 0.1}, 2};
    EXPECT_LT(error(central_quotients(observer, x, coordinates, two, 2)), 1e-14);
    EXPECT_LT(error(central_quotients_alike(observer, x, coordinates, 0.3, 2)), 1e-14);
    EXPECT_LT(error(forward_quotients(observer, x, coordinates, 0.3, 2)), 1e-14);
    // A direction that is no coordinate: the slope along it.
    const Frame turned = Frame::orthonormal(1, 3, RandomGenerator(5));
    const at::Tensor along = turned.combine(std::vector<double>{1.0});
    const double wanted = (along * slopes).sum().item<double>();
    EXPECT_NEAR(central_quotients(observer, x, turned, Perturbations::same(1, 0.3), 1).item<double>(), wanted, 1e-14);
  }
}

}  // namespace
}  // namespace talweg::optim
