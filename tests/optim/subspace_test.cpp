#include <gtest/gtest.h>

#include <cmath>

#include "core/libtorch.h"
#include "optim/galore.h"
#include "optim/low_rank_problem.h"
#include "optim/subspace/block_quantization.h"
#include "optim/subspace/residual.h"

namespace talweg::optim {
namespace {

TEST(MomentTransport, SecondMomentsStayNonNegativeOverAThousandChanges) {
  for (const MomentTransport rule : {MomentTransport::squared, MomentTransport::ldadam, MomentTransport::keep})
    for (const ProjectedSide side : {ProjectedSide::left, ProjectedSide::right}) {
      const bool left = side == ProjectedSide::left;
      at::Tensor q = orthonormal(64, 8, 1);
      at::Tensor m = left ? seeded({8, 20}, 2) : seeded({20, 8}, 2);
      at::Tensor v = m.square() + 0.1;
      for (int i = 0; i < 1000; ++i) {
        const at::Tensor next = std::get<0>(at::linalg_qr(q + 0.3 * seeded({64, 8}, 10 + i)));
        transport_moments(m, v, {at::mm(next.t(), q), side, rule}, 0.9, 0.5);
        q = next;
        ASSERT_TRUE((v >= 0).all().item<bool>()) << i;
        // New gradients keep the moments alive.
        const at::Tensor g = left ? seeded({8, 20}, 5000 + i) : seeded({20, 8}, 5000 + i);
        m.mul_(0.9).add_(g, 0.1);
        v.mul_(0.99).addcmul_(g, g, 0.01);
      }
      EXPECT_TRUE(m.isfinite().all().item<bool>());
      EXPECT_TRUE(v.isfinite().all().item<bool>());
    }
}

TEST(MomentTransport, TheSameBasisChangesNothing) {
  const at::Tensor q = orthonormal(64, 8, 1);
  for (const MomentTransport rule : {MomentTransport::squared, MomentTransport::ldadam, MomentTransport::keep}) {
    at::Tensor m = seeded({8, 20}, 2), v = m.square() + 0.1;
    const at::Tensor m0 = m.clone(), v0 = v.clone();
    transport_moments(m, v, {at::mm(q.t(), q), ProjectedSide::left, rule}, 0.9, 0.5);
    EXPECT_LT((m - m0).abs().max().item<double>(), 1e-13);
    EXPECT_LT((v - v0).abs().max().item<double>(), 1e-13);
  }
}

TEST(MomentTransport, ARotationOfTheBasisRotatesTheFirstMoment) {
  const at::Tensor q = orthonormal(64, 8, 1), rotation = orthonormal(8, 8, 3);
  at::Tensor m = seeded({20, 8}, 2), v = m.square();
  const at::Tensor lifted = at::mm(m, q.t());
  const at::Tensor next = at::mm(q, rotation);
  transport_moments(m, v, {at::mm(next.t(), q), ProjectedSide::right, MomentTransport::squared}, 0.9, 0.5);
  EXPECT_LT((at::mm(m, next.t()) - lifted).abs().max().item<double>(), 1e-13);
}

TEST(MomentTransport, TheLinearRuleForSecondMomentsWouldTurnNegative) {
  const at::Tensor q = orthonormal(64, 8, 1);
  const at::Tensor next = std::get<0>(at::linalg_qr(q + 0.3 * seeded({64, 8}, 10)));
  const at::Tensor v = seeded({8, 400}, 2).square();
  const double share = (at::mm(at::mm(next.t(), q), v) < 0).to(at::kDouble).mean().item<double>();
  EXPECT_GT(share, 0.3);
  EXPECT_LT(share, 0.6);
}

TEST(RefreshPlan, IsDueEveryIntervalOrSpreadOverIt) {
  const RefreshPlan together({1, 1, 1}, 10, false);
  for (std::int64_t step = 0; step < 40; ++step)
    for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(together.is_due(k, step), step % 10 == 0);
  const RefreshPlan spread(std::vector<double>(20, 1.0), 40, true);
  for (std::int64_t step = 1; step < 200; ++step) {
    int due = 0;
    for (std::size_t k = 0; k < 20; ++k) due += spread.is_due(k, step);
    EXPECT_LE(due, 1) << step;
  }
  for (std::size_t k = 0; k < 20; ++k) {
    EXPECT_TRUE(spread.is_due(k, 0));
    int due = 0;
    for (std::int64_t step = 40; step < 80; ++step) due += spread.is_due(k, step);
    EXPECT_EQ(due, 1) << k;
  }
  const RefreshPlan never({1, 1}, 0, false);
  EXPECT_TRUE(never.is_due(1, 0));
  EXPECT_FALSE(never.is_due(1, 200));
}

TEST(BlockQuantized, TheCodeIsTheDynamicTree) {
  for (const QuantizationCode kind : {QuantizationCode::with_sign, QuantizationCode::non_negative}) {
    const at::Tensor code = dynamic_code(kind);
    EXPECT_EQ(code.numel(), 256);
    EXPECT_TRUE((code.diff() > 0).all().item<bool>());
    EXPECT_EQ(code[255].item<float>(), 1);
    EXPECT_EQ((code == 0).sum().item<std::int64_t>(), 1);
  }
}

TEST(BlockQuantized, ErrorsAreSmallNextToTheBlockAndZeroIsExact) {
  at::Tensor values = seeded({37, 41}, 3, at::kFloat);
  values[0].fill_(0);
  values[5] *= 1e-6;
  for (const QuantizationCode kind : {QuantizationCode::with_sign, QuantizationCode::non_negative}) {
    const at::Tensor given = kind == QuantizationCode::with_sign ? values : values.abs();
    BlockQuantized quantized(given, kind, 64);
    EXPECT_TRUE(at::equal(quantized.read(), at::zeros_like(given)));
    quantized.write(given);
    const at::Tensor read = quantized.read();
    EXPECT_TRUE(at::equal(read[0], given[0]));
    // Half the widest gap of the code: 0.9/64 with a sign, half as much without.
    const double gap = (kind == QuantizationCode::with_sign ? 0.9 / 64 : 0.9 / 128) / 2 * 1.01;
    EXPECT_LT(((read - given).abs() / given.abs().max()).max().item<double>(), gap);
    if (kind == QuantizationCode::with_sign) continue;
    quantized.write(read);
    EXPECT_LT(((quantized.read() - read) / given.abs().max()).abs().max().item<double>(), 1e-6);
  }
}

TEST(Galore, EightBitMomentsTrainAlmostAsWell) {
  const auto last = [](const config::Component<MomentRuleKind>& rule, std::int64_t* bytes) {
    LeastSquares problem;
    GaloreOptions o;
    o.low_rank = small_lorenza(6, 20).low_rank;
    o.low_rank.rule = rule;
    Galore optimizer(problem.parameters, o);
    for (int t = 0; t < 200; ++t) optimizer.step(problem.objective);
    *bytes = optimizer.update().state_bytes();
    return problem.objective.value().item<double>();
  };
  register_moment_rules();
  std::int64_t full = 0, bytes = 0;
  const double exact = last(config::Component<MomentRuleKind>("adam"), &full);
  const double quantized =
      last(config::Component<MomentRuleKind>("adam_8bit", {{"smallest", "0"}, {"block", "32"}}), &bytes);
  EXPECT_NEAR(quantized / exact, 1, 0.1);
  // Basis 12·6 doubles; moments of 6·16 and of 5 entries in bytes with a float per 32 of them, each twice.
  EXPECT_EQ(bytes, 12 * 6 * 8 + 2 * (96 + 3 * 4) + 2 * (32 + 4));
  EXPECT_LT(bytes, full);
}

TEST(Galore, Bfloat16ProjectionIsClose) {
  LeastSquares a(at::kFloat), b(at::kFloat);
  GaloreOptions o;
  o.low_rank = small_lorenza(4, 50).low_rank;
  Galore full(a.parameters, o);
  o.low_rank.subspace.precision = ProjectionPrecision::bfloat16;
  Galore half(b.parameters, o);
  for (int t = 0; t < 50; ++t) {
    full.step(a.objective);
    half.step(b.objective);
  }
  EXPECT_LT((a.weight - b.weight).norm().item<double>(), 0.05 * a.weight.norm().item<double>());
  EXPECT_GT((a.weight - b.weight).norm().item<double>(), 0);
}

/// The largest sum of bytes of gradients that exist at once cannot be seen from here, but what is handed out can.
TEST(PerLayer, StepsAreThoseOfWholeGradientsBitForBit) {
  for (const bool lorenza : {false, true}) {
    LeastSquares a(at::kFloat), b(at::kFloat);
    LorenzaOptions o = small_lorenza(3, 7);
    if (!lorenza) o.ascent.zeroth_order.rho = 0;
    Lorenza whole(a.parameters, o);
    o.low_rank.per_layer = true;
    Lorenza layers(b.parameters, o);
    for (int t = 0; t < 30; ++t) {
      whole.step(a.objective);
      const StepReport report = layers.step(b.objective);
      EXPECT_EQ(report.status, StepStatus::accepted);
      EXPECT_FALSE(b.weight.grad().defined());
    }
    EXPECT_TRUE(at::equal(a.weight, b.weight));
    EXPECT_TRUE(at::equal(a.bias, b.bias));
  }
}

// A gradient within the subspace leaves a residual of rounding alone, which later ones may well outgrow.
TEST(Residual, OfRoundingAloneLimitsNothing) {
  for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
    torch::manual_seed(3);
    const at::TensorOptions like = at::TensorOptions(type);
    Basis basis;
    basis.left = std::get<0>(at::linalg_qr(at::randn({40, 3}, like)));
    Residual residual(ResidualMode::fira, 1, 1.01);
    residual.add(at::zeros({40, 7}, like));
    const at::Tensor inside = at::mm(basis.left, at::randn({3, 7}, like)), whole = at::randn({40, 7}, like);
    for (const at::Tensor& gradient : {inside, whole}) {
      const at::Tensor projected = at::mm(basis.left.t(), gradient), direction = projected.sign();
      at::Tensor weight = at::zeros({40, 7}, like), low_rank = direction.neg();
      residual.apply(0, basis, gradient, projected, 1, 1, weight, low_rank);
      if (gradient.is_same(inside)) continue;
      const at::Tensor factors = std::sqrt(3.0) / projected.norm(2, at::IntArrayRef{0}, true);
      EXPECT_TRUE(at::allclose(weight, -gradient * factors, 1e-5, 1e-6)) << weight << gradient * factors;
    }
  }
}

}  // namespace
}  // namespace talweg::optim
