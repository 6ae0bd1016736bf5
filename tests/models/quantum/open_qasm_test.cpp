// Circuits as texts: OpenQASM 3 there and back, its errors, and the picture.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "complaint.h"
#include "core/libtorch.h"
#include "models/quantum/ansatz.h"
#include "models/quantum/circuit_drawing.h"
#include "models/quantum/open_qasm.h"
#include "models/quantum/simulator.h"

namespace talweg::models::quantum {
namespace {

using talweg::testing::complaint;
using ::testing::HasSubstr;

at::Tensor angles_of(const Circuit& circuit) {
  return at::arange(1, 1 + static_cast<std::int64_t>(circuit.parameters().size()), at::kDouble) * 0.37;
}

/// One of everything, with a state on which phases show.
Circuit of_everything() {
  Circuit c(3);
  c.h(0).h(1).ry(2, c.parameter("a")).rx(1, {-1, -0.7}).rz(0, c.parameter("theta[0]")).x(0).y(1).z(2).s(0).t(1);
  c.cnot(0, 2).cz(1, 0).swap(1, 2).controlled_rotation(GateKind::rz, 2, 0, c.parameter("a"));
  c.multiplexed_ry({0, 1}, 2, {{-1, 0.1}, {-1, 0.2}, c.parameter("pi"), {-1, 1e-17}});
  const Complex i(0, 1);
  const double r = std::sqrt(0.5);
  c.unitary({1}, {r * i, r, r, r * i}).unitary({0}, {0, i, 1, 0});
  c.add({GateKind::matrix, {0}, {1, 2}, {1, 0}, {}, {r, r * i, i * r, r}});
  return c;
}

TEST(OpenQasm, ThereAndBackIsTheSameCircuit) {
  const Circuit circuit = of_everything();
  const std::string text = to_open_qasm(circuit);
  const Circuit back = from_open_qasm(text, "circuit.qasm");
  EXPECT_EQ(back.parameters().size(), circuit.parameters().size());
  const at::Tensor angles = angles_of(circuit);
  EXPECT_LT((Simulator(circuit)(angles) - Simulator(back)(angles)).abs().max().item<double>(), 1e-14) << text;
  const Circuit again = from_open_qasm(to_open_qasm(back), "again.qasm");
  EXPECT_LT((Simulator(circuit)(angles) - Simulator(again)(angles)).abs().max().item<double>(), 1e-14);
}

TEST(OpenQasm, IsWrittenWithNamesThatTheLanguageAllows) {
  Circuit c(2);
  c.ry(0, c.parameter("alpha")).controlled_rotation(GateKind::rz, 0, 1, c.parameter("theta[0]"));
  c.add({GateKind::x, {1}, {0}, {0}});
  EXPECT_EQ(to_open_qasm(c),
            "OPENQASM 3.0;\ninclude \"stdgates.inc\";\ninput float[64] alpha;\ninput float[64] p1;  // theta[0]\n"
            "qubit[2] q;\nry(alpha) q[0];\nctrl @ rz(p1) q[0], q[1];\nnegctrl @ x q[0], q[1];\n");
  Circuit wide(2);
  wide.unitary({0, 1}, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1});
  EXPECT_THAT(complaint([&] { to_open_qasm(wide); }), HasSubstr("no matrices on two qubits"));
}

TEST(OpenQasm, OfOthersIsRead) {
  const Circuit read = from_open_qasm(R"(OPENQASM 3; // a Bell pair, and more
include "stdgates.inc";
input angle[32] w;
qubit a; qubit[2] b;
/* all of a
   register */
h b; barrier a, b;
cx a, b[1]; ccx b[0], b[1], a;
rx(-3*pi/4 + .5e0) b;  crz(w) a, b[0]; sdg b[1]; tdg a; p(pi/8) b[0]; cp(2*-0.3) a, b[1];
ctrl(2) @ negctrl @ gphase((π - 1)/2) a, b[0], b[1];
)",
                                      "others.qasm");
  Circuit c(3);
  const Angle angle{-1, 0.5 - 0.75 * std::acos(-1.0)};
  const auto phase = [](double at) { return std::polar(1.0, at); };
  c.h(1).h(2).cnot(0, 2).add({GateKind::x, {0}, {1, 2}, {1, 1}}).rx(1, angle).rx(2, angle);
  c.controlled_rotation(GateKind::rz, 0, 1, c.parameter("w"));
  c.unitary({2}, {1, 0, 0, Complex(0, -1)}).unitary({0}, {1, 0, 0, phase(-std::acos(-1.0) / 4)});
  c.unitary({1}, {1, 0, 0, phase(std::acos(-1.0) / 8)});
  c.add({GateKind::matrix, {2}, {0}, {1}, {}, {1, 0, 0, phase(-0.6)}});
  c.add({GateKind::matrix, {2}, {0, 1}, {1, 1}, {}, {phase((std::acos(-1.0) - 1) / 2), 0, 0, 1}});
  const at::Tensor angles = at::tensor({0.8}, at::kDouble);
  EXPECT_LT((Simulator(c)(angles) - Simulator(read)(angles)).abs().max().item<double>(), 1e-14);
}

TEST(OpenQasm, MistakesAreToldWithLineAndColumn) {
  const auto told = [](const std::string& body) {
    return complaint([&] { from_open_qasm("OPENQASM 3.0;\nqubit[2] q;\n" + body, "c.qasm"); });
  };
  EXPECT_EQ(told("  crrz(1) q;"), "c.qasm:3:3: there is no gate 'crrz' (did you mean 'crz'?)");
  EXPECT_THAT(told("h q[2];"), HasSubstr("c.qasm:3:5: register 'q' has the qubits 0 to 1, not 2"));
  EXPECT_THAT(told("/* é */ cx q[0], q[0];"), HasSubstr("c.qasm:3:9: gate 'x' names qubit 0 twice"));
  EXPECT_THAT(told("cx q[0];"), HasSubstr("acts on 2 qubits here, not 1"));
  EXPECT_THAT(told("rx(b) q[0];"), HasSubstr("c.qasm:3:4: there is no parameter 'b'"));
  EXPECT_THAT(told("input float b;\nrx(2*b) q[0];"), HasSubstr("c.qasm:4:5: an angle is a parameter as it is"));
  EXPECT_THAT(told("rx(1/0) q[0];"), HasSubstr("not a finite number"));
  EXPECT_THAT(told("rx(" + std::string(100000, '-') + "1) q[0];"), HasSubstr("more than 100"));
  EXPECT_THAT(told("h r;"), HasSubstr("there is no register 'r'"));
  EXPECT_THAT(told("bit[2] c;"), HasSubstr("leave measurements out"));
  EXPECT_THAT(told("U(1,2,3) q[0];"), HasSubstr("write it by rz, ry and gphase"));
  EXPECT_THAT(told("for int i in [0:1] { h q[i]; }"), HasSubstr("a circuit here is a list of gates"));
  EXPECT_THAT(told("h q[0]"), HasSubstr("c.qasm:3:7: expected ';', found the end"));
  EXPECT_THAT(told("h q[0]; /* "), HasSubstr("c.qasm:3:9: a comment that does not end"));
  EXPECT_THAT(told("qubit[50] r;"), HasSubstr("1 to 40 qubits"));
  EXPECT_THAT(complaint([] { from_open_qasm("OPENQASM 2.0;", "c"); }), HasSubstr("c:1:10: version 2.0"));
  EXPECT_THAT(complaint([] { from_open_qasm("", "c"); }), HasSubstr("begins with 'OPENQASM 3.0;'"));
  EXPECT_THAT(complaint([] { from_open_qasm("OPENQASM 3.0;", "c"); }), HasSubstr("without qubits"));
}

TEST(CircuitDrawing, ShowsGatesOnTheirWires) {
  Circuit c(3);
  c.h(0).ry(2, c.parameter("a")).cnot(0, 2).swap(1, 2).add({GateKind::z, {1}, {0}, {0}});
  EXPECT_EQ(draw(c),
            "q0: ───H────●─────○─\n"
            "            │     │\n"
            "q1: ────────┼──x──Z─\n"
            "            │  │\n"
            "q2: ─RY(a)──⊕──x────\n");
  // Too wide for a line, it goes on below: all gates are there once.
  const std::string folded = draw(ring_ansatz(4, 3), 60);
  std::size_t rotations = 0;
  for (std::size_t at = 0; (at = folded.find("RY(", at)) != std::string::npos; ++at) ++rotations;
  EXPECT_EQ(rotations, 12u);
}

}  // namespace
}  // namespace talweg::models::quantum
