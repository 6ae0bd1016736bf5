// A1: kernels of activations and targets against closed forms, quadrature and finite differences, and what they refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "models/mean_field/hermite.h"
#include "problems.h"

namespace talweg::mean_field {
namespace {

/// E[f(G_1)g(G_q)] by a product of two quadratures.
double covariance_by_quadrature(const std::function<double(double)>& f, const std::function<double(double)>& g,
                                double q) {
  const GaussHermite rule = gauss_hermite(40);
  double sum = 0;
  for (std::size_t i = 0; i < 40; ++i)
    for (std::size_t j = 0; j < 40; ++j)
      sum += rule.weights[i] * rule.weights[j] * f(rule.nodes[i]) *
             g(q * rule.nodes[i] + std::sqrt(1 - q * q) * rule.nodes[j]);
  return sum;
}

TEST(Kernels, CubicOfTheFigures) {
  const Activation sigma{hermite_of_polynomial({0, std::sqrt(0.9) + 0.5, 0, -1.0 / 6})};
  const PowerSeries h = sigma.covariance();
  const auto f = [](double x) { return std::sqrt(0.9) * x - (x * x * x - 3 * x) / 6; };
  const Target target = Target::single_index(sigma.hermite, sigma.hermite);
  for (const double q : {-1.0, -0.3, 0.0, 0.5, 1.0}) {
    EXPECT_NEAR(h(q), 0.9 * q + q * q * q / 6, 1e-12);
    EXPECT_NEAR(h(q), covariance_by_quadrature(f, f, q), 1e-10);
    EXPECT_NEAR(h.first(q), (h(q + 1e-5) - h(q - 1e-5)) / 2e-5, 1e-6);
    EXPECT_NEAR(h.second(q), (h.first(q + 1e-5) - h.first(q - 1e-5)) / 2e-5, 1e-6);
    EXPECT_NEAR(target.covariance(&q), h(q), 1e-12);
    double slope = 0, curvature = 0;
    target.gradient(&q, &slope);
    target.hessian(&q, &curvature);
    EXPECT_NEAR(slope, h.first(q), 1e-12);
    EXPECT_NEAR(curvature, h.second(q), 1e-12);
    EXPECT_NEAR(sigma(q), f(q), 1e-12);
    EXPECT_NEAR(sigma.slope(q), (f(q + 1e-5) - f(q - 1e-5)) / 2e-5, 1e-8);
  }
  EXPECT_NEAR(target.squared_norm(), h(1), 1e-12);
}

/// E erf(G_1/√2)erf(G_q/√2) = (2/π)·arcsin(q/2).
TEST(Kernels, ErrorFunctionHasItsClosedForm) {
  const PowerSeries h = named_activation("erf", false).covariance();
  for (const double q : {-1.0, -0.4, 0.3, 0.9, 1.0}) EXPECT_NEAR(h(q), 2 / M_PI * std::asin(q / 2), 1e-10) << q;
  EXPECT_NEAR(h.first(1), 2 / M_PI / std::sqrt(3.0), 1e-9);
}

TEST(Kernels, SineHasItsClosedForm) {
  const PowerSeries h = named_activation("sine", false).covariance();
  for (const double q : {-1.0, 0.2, 1.0}) EXPECT_NEAR(h(q), std::exp(-1.0) * std::sinh(q), 1e-11);
}

TEST(Kernels, SeveralDirections) {
  // φ = 0.7·he_1(z_1)he_1(z_2) + 0.4·he_3(z_2), against quadrature over z and what of the neuron is orthogonal to it.
  const Activation sigma{{0, 0.8, 0.6, -0.3}};
  const Target target({{0.7, {1, 1}}, {0.4, {0, 3}}}, sigma.hermite);
  EXPECT_EQ(target.directions(), 2u);
  EXPECT_NEAR(target.squared_norm(), 0.49 + 0.16, 1e-12);
  const double v[2] = {0.5, -0.6}, rest = std::sqrt(1 - 0.25 - 0.36);
  const GaussHermite rule = gauss_hermite(12);
  double expected = 0;
  for (std::size_t i = 0; i < 12; ++i)
    for (std::size_t j = 0; j < 12; ++j)
      for (std::size_t l = 0; l < 12; ++l) {
        const double z[2] = {rule.nodes[i], rule.nodes[j]};
        expected += rule.weights[i] * rule.weights[j] * rule.weights[l] * target.value(z) *
                    sigma(v[0] * z[0] + v[1] * z[1] + rest * rule.nodes[l]);
      }
  EXPECT_NEAR(target.covariance(v), expected, 1e-10);
  double gradient[2], hessian[4];
  target.gradient(v, gradient);
  target.hessian(v, hessian);
  for (int d = 0; d < 2; ++d) {
    double up[2] = {v[0], v[1]}, down[2] = {v[0], v[1]}, gradient_up[2], gradient_down[2];
    up[d] += 1e-5;
    down[d] -= 1e-5;
    EXPECT_NEAR(gradient[d], (target.covariance(up) - target.covariance(down)) / 2e-5, 1e-8);
    target.gradient(up, gradient_up);
    target.gradient(down, gradient_down);
    for (int e = 0; e < 2; ++e) EXPECT_NEAR(hessian[d * 2 + e], (gradient_up[e] - gradient_down[e]) / 2e-5, 1e-8);
  }
}

TEST(Kernels, QuadratureIsExactForPolynomials) {
  const GaussHermite rule = gauss_hermite(300);
  double moments[4] = {};
  for (std::size_t i = 0; i < 300; ++i)
    for (int p = 0; p < 4; ++p) moments[p] += rule.weights[i] * std::pow(rule.nodes[i], 2 * p);
  EXPECT_NEAR(moments[0], 1, 1e-12);
  EXPECT_NEAR(moments[1], 1, 1e-12);
  EXPECT_NEAR(moments[2], 3, 1e-11);
  EXPECT_NEAR(moments[3], 15, 1e-10);
  const std::vector<double> powers{0.3, -1, 0.5, 2};
  const std::vector<double> back = polynomial_of_hermite(hermite_of_polynomial(powers));
  for (std::size_t i = 0; i < powers.size(); ++i) EXPECT_NEAR(back[i], powers[i], 1e-14);
}

std::string complaint_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Kernels, RefusalsSayWhatWouldHelp) {
  using ::testing::HasSubstr;
  EXPECT_THAT(complaint_of([] { require_centred({{0.5, 1}}); }), HasSubstr("centred: true"));
  EXPECT_THAT(complaint_of([] { require_centred(named_activation("gelu", false)); }), HasSubstr("0.282"));
  EXPECT_EQ(complaint_of([] { require_centred(named_activation("gelu", true)); }), "");
  EXPECT_THAT(complaint_of([] { require_centred({{0, 1e200}}); }), HasSubstr("not finite"));
  EXPECT_THAT(complaint_of([] { require_centred({{0, 0}}); }), HasSubstr("zero"));
  EXPECT_THAT(complaint_of([] { named_activation("relu", true); }), HasSubstr("kink"));
  EXPECT_THAT(complaint_of([] { named_activation("swish", true); }), HasSubstr("silu"));
  EXPECT_THAT(complaint_of([] { Target::single_index({0.2, 1}, {0, 1}); }), HasSubstr("mean zero"));
  EXPECT_THAT(complaint_of([] { Target({{1, {1, 0}}, {1, {1}}}, {0, 1}); }), HasSubstr("degrees"));
}

}  // namespace
}  // namespace talweg::mean_field
