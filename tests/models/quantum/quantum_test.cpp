// The simulator against dense products, backpropagation, shift rules and the golden numbers of the dossier.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <numbers>

#include "complaint.h"
#include "core/libtorch.h"
#include "models/quantum/ansatz.h"
#include "models/quantum/parameter_shift.h"
#include "models/quantum/shots.h"
#include "models/quantum/simulator.h"

namespace talweg::models::quantum {
namespace {

using talweg::testing::complaint;
using ::testing::HasSubstr;

/// Markov bits: first up with probability b, then repeated with probability q.
at::Tensor markov_joint(std::int64_t n, double b, double q) {
  std::vector<double> p;
  for (std::int64_t i = 0; i < std::int64_t{1} << n; ++i) {
    double chance = (i >> (n - 1) & 1) != 0 ? b : 1 - b;
    for (std::int64_t k = n - 1; k > 0; --k) chance *= (i >> k & 1) == (i >> (k - 1) & 1) ? q : 1 - q;
    p.push_back(chance);
  }
  return at::tensor(p, at::kDouble);
}

/// √P of the contexts beside an output of zero.
at::Tensor context_state(const at::Tensor& joint) {
  const at::Tensor p = joint.view({-1, 2}).sum(1);
  return at::stack({p, at::zeros_like(p)}, 1).flatten().sqrt().to(at::kComplexDouble);
}

at::Tensor ramp(std::int64_t count) {
  return at::arange(1, count + 1, at::kDouble) * 0.1;
}

/// Every kind of gate on random qubits, with a parameter for each rotation.
Circuit random_circuit(std::int64_t n, std::int64_t gates, std::uint64_t seed) {
  RandomGenerator random(seed);
  Circuit c(n);
  const auto draw = [&] { return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(n))); };
  for (std::int64_t k = 0; k < gates; ++k) {
    const std::int64_t a = draw();
    std::int64_t b = draw();
    if (n > 1)
      while (b == a) b = draw();
    const Angle angle = c.parameter("p" + std::to_string(k));
    switch (random.below(n > 1 ? 14 : 8)) {
      case 0:
        c.rx(a, angle);
        break;
      case 1:
        c.ry(a, angle);
        break;
      case 2:
        c.rz(a, angle);
        break;
      case 3:
        c.h(a);
        break;
      case 4:
        c.x(a).s(a);
        break;
      case 5:
        c.y(a).t(a);
        break;
      case 6:
        c.z(a);
        break;
      case 7:
        c.rx(a, {-1, 0.3}).ry(a, angle);
        break;
      case 8:
        c.cnot(a, b);
        break;
      case 9:
        c.cz(a, b);
        break;
      case 10:
        c.swap(a, b);
        break;
      case 11:
        c.controlled_rotation(GateKind::ry, a, b, angle);
        break;
      case 12:
        c.add({GateKind::rx, {a}, {b}, {0}, angle});
        break;
      default: {
        const double s = std::sqrt(0.5);
        c.unitary({a, b}, {1, 0, 0, 0, 0, s, Complex(0, s), 0, 0, Complex(0, s), s, 0, 0, 0, 0, Complex(0, 1)});
      }
    }
  }
  return c;
}

at::Tensor random_state(std::int64_t rows, std::int64_t n) {
  const at::Tensor s = at::randn({rows, std::int64_t{1} << n}, at::kComplexDouble);
  return s / at::linalg_vector_norm(s, 2, at::IntArrayRef{1}, true);
}

double largest(const at::Tensor& difference) {
  return difference.abs().max().item<double>();
}

struct Golden {
  at::Tensor joint = markov_joint(4, 0.5, 0.6), angles = ramp(32), in = context_state(joint);
  Simulator ring{ring_ansatz(4, 4)};
  at::Tensor target(at::ScalarType type = at::kComplexDouble) const { return joint.sqrt().to(type).unsqueeze(0); }
};

TEST(QuantumGolden, FidelityAmplitudesAndGradientAreThoseOfTheDossier) {
  const Golden g;
  const at::Tensor angles = g.angles.clone().requires_grad_();
  const at::Tensor out = g.ring(angles, g.in), f = fidelity(g.target(), out);
  EXPECT_NEAR(f.item<double>(), 0.044667034325, 1e-11);
  EXPECT_NEAR(probabilities(out)[0][0].item<double>(), 0.06213376, 1e-8);
  EXPECT_NEAR(probabilities(out)[0][15].item<double>(), 0.00295290, 1e-8);
  const at::Tensor parts = at::view_as_real(out.detach())[0];
  EXPECT_NEAR(parts[0][0].item<double>(), 0.1293945387, 1e-9);
  EXPECT_NEAR(parts[0][1].item<double>(), 0.2130511872, 1e-9);
  EXPECT_NEAR(parts[1][0].item<double>(), 0.0619021057, 1e-9);
  EXPECT_NEAR(parts[1][1].item<double>(), 0.1586146164, 1e-9);
  f.sum().backward();
  const at::Tensor gradient = angles.grad();
  const double expected[] = {-0.0023358175, 0.0107729237, 0.0426430870, -0.0318969329, -0.0171211059};
  for (int j = 0; j < 5; ++j) EXPECT_NEAR(gradient[j].item<double>(), expected[j], 1e-9) << j;
  EXPECT_NEAR(gradient[31].item<double>(), 0.0440001612, 1e-9);
  EXPECT_NEAR(at::linalg_vector_norm(gradient).item<double>(), 0.1764087881, 1e-9);
  const at::Tensor p = g.joint.unsqueeze(0);
  EXPECT_NEAR((p * (p.log() - probabilities(out.detach()).log())).sum().item<double>(), 0.48130672, 1e-8);
}

TEST(QuantumGolden, IncoherentFidelityIsAnotherNumber) {
  const Golden g;
  const at::Tensor p = g.joint.view({8, 2}), context = p.sum(1);
  at::Tensor in = at::zeros({8, 16}, at::kComplexDouble), target = in.clone();
  for (std::int64_t x = 0; x < 8; ++x) {
    in[x][2 * x] = 1;
    target[x].slice(0, 2 * x, 2 * x + 2) = (p[x] / context[x]).sqrt().to(at::kComplexDouble);
  }
  const at::Tensor overlaps = overlap(target, g.ring(g.angles, in));
  EXPECT_NEAR((context * overlaps.abs().square()).sum().item<double>(), 0.108737544571, 1e-11);
  EXPECT_NEAR((context.to(at::kComplexDouble) * overlaps).sum().abs().square().item<double>(), 0.010780136915, 1e-11);
}

TEST(QuantumGolden, SinglePrecisionAgreesToItsOwn) {
  const Golden g;
  const at::Tensor out = g.ring(g.angles.to(at::kFloat), g.in.to(at::kComplexFloat));
  EXPECT_NEAR(fidelity(g.target(at::kComplexFloat), out).item<double>(), 0.044667034325, 1e-6);
  EXPECT_NEAR(largest(probabilities(out).to(at::kDouble) - probabilities(g.ring(g.angles, g.in))), 0, 1e-5);
}

TEST(Simulator, EveryGateEqualsTheDenseProductForEveryNumberOfQubits) {
  torch::manual_seed(1);
  for (const std::int64_t n : {1, 2, 3, 4, 5, 7, 10, 13, 14}) {
    const Simulator circuit(random_circuit(n, 40, static_cast<std::uint64_t>(n)));
    const auto count = static_cast<std::int64_t>(circuit.circuit().parameters().size());
    for (const std::int64_t rows : {1, 3, 11}) {
      const at::Tensor angles = at::rand({rows, count}, at::kDouble) * 6, in = random_state(rows, n);
      EXPECT_LT(largest(circuit(angles, in) - circuit.by_operations(angles, in)), 1e-13) << n << " " << rows;
    }
  }
}

TEST(Simulator, AdjointGradientsEqualBackpropagationForAnglesAndStates) {
  torch::manual_seed(2);
  for (const std::int64_t n : {1, 2, 4, 5, 9, 13}) {
    const Simulator circuit(random_circuit(n, 40, static_cast<std::uint64_t>(50 + n)));
    const auto count = static_cast<std::int64_t>(circuit.circuit().parameters().size());
    for (const std::int64_t rows : {1, 5}) {
      const at::Tensor angles = (at::rand({rows, count}, at::kDouble) * 6).requires_grad_();
      const at::Tensor in = random_state(rows, n).requires_grad_(), target = random_state(rows, n);
      const auto gradients = [&](const at::Tensor& out) {
        const at::Tensor loss = fidelity(target, out).sum() + (probabilities(out).square()).sum();
        return torch::autograd::grad({loss}, {angles, in});
      };
      const auto adjoint = gradients(circuit(angles, in)), plain = gradients(circuit.by_operations(angles, in));
      EXPECT_LT(largest(adjoint[0] - plain[0]), 1e-12) << n << " " << rows;
      EXPECT_LT(largest(adjoint[1] - plain[1]), 1e-12) << n << " " << rows;
    }
  }
}

TEST(Simulator, GradientsEqualShiftsAndDifferencesAtTwentyPoints) {
  torch::manual_seed(3);
  const Golden g;
  const auto value = [&](const at::Tensor& points) { return fidelity(g.target(), g.ring(points, g.in)); };
  for (int trial = 0; trial < 20; ++trial) {
    const at::Tensor angles = (at::rand({32}, at::kDouble) * 2 * std::numbers::pi).requires_grad_();
    const at::Tensor gradient = torch::autograd::grad({value(angles).sum()}, {angles})[0];
    const at::Tensor at = angles.detach();
    EXPECT_LT(largest(gradient - shift_gradient(g.ring.circuit(), at, value)), 1e-12);
    EXPECT_LT(largest(gradient - two_term_gradient(g.ring.circuit(), at, value)), 1e-12);
    const at::Tensor steps = at::eye(32, at::kDouble) * 1e-6;
    EXPECT_LT(largest(gradient - (value(at + steps) - value(at - steps)) / 2e-6), 1e-8);
  }
}

TEST(Simulator, SecondDerivativesEqualDifferencesOfTheGradient) {
  const Golden g;
  const auto gradient = [&](const at::Tensor& at, bool graph) {
    return torch::autograd::grad({fidelity(g.target(), g.ring(at, g.in)).sum()}, {at}, {}, graph, graph)[0];
  };
  const at::Tensor angles = g.angles.clone().requires_grad_();
  const at::Tensor direction = at::cos(g.angles);
  const at::Tensor product = torch::autograd::grad({(gradient(angles, true) * direction).sum()}, {angles})[0];
  const auto moved = [&](double step) { return gradient((g.angles + step * direction).requires_grad_(), false); };
  EXPECT_LT(largest(product - (moved(1e-5) - moved(-1e-5)) / 2e-5), 1e-8);
}

TEST(Simulator, ValueAndGradientWithoutAGraphAreThoseOfTheGraph) {
  torch::manual_seed(4);
  const Circuit ring = ring_ansatz(5, 3);
  const at::Tensor angles = at::rand({4, 30}, at::kDouble).requires_grad_();
  const std::vector<PauliString> sum = {{"ZIIII", 1}, {"XYIZI", 0.5}, {"IIYII", -0.7}};
  const at::Tensor value = expectation(Simulator(ring)(angles), sum);
  const at::Tensor gradient = torch::autograd::grad({value.sum()}, {angles})[0];
  const ValueAndGradient fast = value_and_gradient(Program(ring), angles.detach(), at::kComplexDouble, sum);
  EXPECT_LT(largest(fast.value - value.detach()), 1e-13);
  EXPECT_LT(largest(fast.gradient - gradient), 1e-13);
}

TEST(Simulator, SharedParametersAddTheirDerivatives) {
  Circuit c(2);
  c.rx(0, c.parameter("a")).h(1).ry(1, c.parameter("a")).cnot(0, 1);
  const Simulator simulator(c);
  const auto value = [&](const at::Tensor& a) { return expectation(simulator(a), {{"ZX", 1}, {"IZ", 0.5}}); };
  const at::Tensor a = at::full({1}, 0.7, at::kDouble).requires_grad_();
  const double gradient = torch::autograd::grad({value(a).sum()}, {a})[0].item<double>();
  EXPECT_NEAR(gradient, (value(a.detach() + 1e-6) - value(a.detach() - 1e-6)).item<double>() / 2e-6, 1e-9);
  EXPECT_THAT(complaint([&] { shift_gradient(c, a.detach(), value); }), HasSubstr("'a' is used by several gates"));
}

TEST(Simulator, AThousandGatesKeepTheNormAndWalkBack) {
  torch::manual_seed(5);
  const Simulator circuit(random_circuit(10, 1000, 7));
  const auto count = static_cast<std::int64_t>(circuit.circuit().parameters().size());
  const at::Tensor angles = at::rand({count}, at::kDouble) * 6;
  const at::Tensor in = random_state(1, 10).requires_grad_(), out = circuit(angles.requires_grad_(), in);
  EXPECT_NEAR(probabilities(out).sum().item<double>(), 1, 1e-12);
  // The derivative of Re⟨out|U in⟩ by the input is U†|out⟩ = |in⟩.
  const at::Tensor back = torch::autograd::grad({at::real(overlap(out.detach(), out)).sum()}, {in})[0];
  EXPECT_LT(largest(back - in.detach()), 1e-12);
}

TEST(ShiftRules, TwoTermsAreWrongForControlledRotationsAndFourAreRight) {
  Circuit c(2);
  c.h(0).controlled_rotation(GateKind::ry, 0, 1, c.parameter("theta")).cnot(1, 0);
  const Simulator simulator(c);
  const auto value = [&](const at::Tensor& a) { return expectation(simulator(a), {{"XI", 1}, {"ZX", 0.3}}); };
  const at::Tensor a = at::full({1}, 0.9, at::kDouble).requires_grad_();
  const double truth = torch::autograd::grad({value(a).sum()}, {a})[0].item<double>();
  const auto along = [&](double angle) { return value(at::full({1}, angle, at::kDouble)).item<double>(); };
  EXPECT_GT(std::abs(shifted_difference(ShiftRule::two_terms, along, 0.9) - truth), 1e-3);
  EXPECT_NEAR(shifted_difference(ShiftRule::four_terms, along, 0.9), truth, 1e-12);
  EXPECT_NEAR(shift_gradient(c, a.detach(), value).item<double>(), truth, 1e-12);
  EXPECT_THAT(complaint([&] { two_term_gradient(c, a.detach(), value); }), HasSubstr("wrong for the controlled 'ry'"));
}

TEST(Loader, TheTreeOfRotationsMakesTheSquareRootsExactly) {
  const at::Tensor p = markov_joint(6, 0.3, 0.8);
  const Circuit loader = exact_loader({p.data_ptr<double>(), p.data_ptr<double>() + p.numel()});
  EXPECT_LT(largest(Simulator(loader)(at::empty({0}, at::kDouble)) - p.sqrt()), 1e-14);
  EXPECT_THAT(complaint([] { exact_loader({0.5, 0.6}); }), HasSubstr("sum to 1.1"));
  EXPECT_THAT(complaint([] { exact_loader({-0.5, 1.5}); }), HasSubstr("no negative entries"));
  EXPECT_THAT(complaint([] { exact_loader({0.2, 0.3, 0.5}); }), HasSubstr("2, 4, 8"));
}

TEST(ContextPreserving, BothFidelitiesAreOne) {
  const at::Tensor joint = markov_joint(4, 0.4, 0.7).view({8, 2}), context = joint.sum(1),
                   up = joint.select(1, 1) / context;
  const Simulator oracle(context_preserving(3));
  const at::Tensor angles = at::tensor(
      context_preserving_angles({up.contiguous().data_ptr<double>(), up.contiguous().data_ptr<double>() + 8}),
      at::kDouble);
  EXPECT_NEAR(fidelity(joint.flatten().sqrt().to(at::kComplexDouble).unsqueeze(0),
                       oracle(angles, context_state(joint.flatten())))
                  .item<double>(),
              1, 1e-12);
  for (std::int64_t x = 0; x < 8; ++x) {
    at::Tensor in = at::zeros({16}, at::kComplexDouble), target = in.clone();
    in[2 * x] = 1;
    target.slice(0, 2 * x, 2 * x + 2) = (joint[x] / context[x]).sqrt().to(at::kComplexDouble);
    EXPECT_NEAR(fidelity(target.unsqueeze(0), oracle(angles, in)).item<double>(), 1, 1e-12);
  }
}

TEST(SwapTest, TheCircuitOfNineQubitsAndItsShots) {
  const Golden g;
  const at::Tensor out = g.ring(g.angles, g.in)[0], target = g.joint.sqrt().to(at::kComplexDouble);
  at::Tensor both = at::zeros({2, 256}, at::kComplexDouble);
  both[0] = at::outer(out, target).flatten();
  const at::Tensor p = probabilities(Simulator(swap_test(4))(at::empty({0}, at::kDouble), both.flatten()));
  EXPECT_NEAR(marginal(p, {0})[0][0].item<double>(), 0.522333517162, 1e-11);

  const double f = 0.044667034325, repeats = 1000;
  RandomGenerator generator(1);
  double sum = 0, squares = 0;
  for (int r = 0; r < repeats; ++r) {
    const double estimate = draw_swap_test(f, 10000, generator);
    sum += estimate, squares += estimate * estimate;
  }
  const double mean = sum / repeats, deviation = std::sqrt(squares / repeats - mean * mean),
               theory = std::sqrt((1 - f * f) / 10000);
  EXPECT_NEAR(mean, f, 3 * theory / std::sqrt(repeats));
  EXPECT_NEAR(deviation / theory, 1, 0.07);  // three standard errors of a deviation from 1000 draws
}

TEST(Shots, CountsSumToTheShotsAndComeAgainFromTheirSeed) {
  RandomGenerator a(3), b(3);
  const std::vector<double> p = {0.1, 0.2, 0, 0.7};
  const auto counts = draw_counts(p, 100000, a);
  EXPECT_EQ(counts, draw_counts(p, 100000, b));
  EXPECT_EQ(counts[0] + counts[1] + counts[2] + counts[3], 100000);
  EXPECT_EQ(counts[2], 0);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(static_cast<double>(counts[i]), 1e5 * p[i], 4 * std::sqrt(1e5 * p[i] * (1 - p[i])) + 1e-9);
  EXPECT_THAT(complaint([&] { draw_counts(p, 0, a); }), HasSubstr("at least one shot, not 0"));
  EXPECT_THAT(complaint([&] { draw_counts({0.5, 0.4}, 10, a); }), HasSubstr("not to one"));
}

TEST(Labels, RowsEqualTheCircuitWithLabelQubitsForSuperposedLabels) {
  torch::manual_seed(6);
  const Circuit shared = ring_ansatz(4, 1, "shared");
  Circuit whole(6), row(4);
  const std::int64_t assets = 4;
  whole.append(shared, 2);
  row.append(shared).append(ring_ansatz(4, 1, "specific"));
  for (std::int64_t k = 0; k < assets; ++k)
    whole.append(ring_ansatz(4, 1, "asset" + std::to_string(k)), 2, {0, 1},
                 {static_cast<int>(k >> 1), static_cast<int>(k & 1)});
  const at::Tensor common = at::rand({8}, at::kDouble) * 6, own = at::rand({assets, 8}, at::kDouble) * 6;
  const at::Tensor in = random_state(assets, 4),
                   weights = at::tensor({0.1, 0.2, 0.3, 0.4}, at::kDouble).sqrt().unsqueeze(1);
  const at::Tensor rows = Simulator(row)(at::cat({common.expand({assets, 8}), own}, 1), in) * weights;
  const at::Tensor all = Simulator(whole)(at::cat({common, own.flatten()}), (in * weights).flatten());
  EXPECT_LT(largest(all.view({assets, 16}) - rows), 1e-13);
}

TEST(Circuits, RefuseWhatTheyCannotBe) {
  Circuit c(3);
  EXPECT_THAT(complaint([&] { c.h(3); }), HasSubstr("no qubit 3 in a circuit of 3"));
  EXPECT_THAT(complaint([&] { c.cnot(1, 1); }), HasSubstr("names qubit 1 twice"));
  EXPECT_THAT(complaint([&] { c.unitary({0}, {1, 1, 0, 1}); }), HasSubstr("must be unitary"));
  EXPECT_THAT(complaint([&] { Simulator(ring_ansatz(38, 1))(at::zeros({76}, at::kDouble)); }),
              HasSubstr("13194.1 GB for three state vectors"));
  EXPECT_THAT(complaint([&] { Simulator(ring_ansatz(3, 1))(at::zeros({5}, at::kDouble)); }),
              HasSubstr("6 parameters; 5"));
}

TEST(Circuits, ReversedQubitsReverseTheIndex) {
  torch::manual_seed(7);
  const Circuit c = random_circuit(4, 30, 9);
  const at::Tensor angles = at::rand({static_cast<std::int64_t>(c.parameters().size())}, at::kDouble) * 6;
  const at::Tensor there = Simulator(c)(angles).view({2, 2, 2, 2}).permute({3, 2, 1, 0}).reshape({16});
  EXPECT_LT(largest(there - Simulator(with_reversed_qubits(c))(angles)[0]), 1e-14);
}

}  // namespace
}  // namespace talweg::models::quantum
