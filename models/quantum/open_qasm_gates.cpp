#include "models/quantum/open_qasm_gates.h"

#include <numbers>

namespace talweg::models::quantum {

const std::map<std::string, NamedGate>& gates_by_name() {
  static const std::map<std::string, NamedGate> gates = [] {
    const double half = std::numbers::sqrt2 / 2;
    std::map<std::string, NamedGate> known;
    for (const GateKind kind : {GateKind::rx, GateKind::ry, GateKind::rz, GateKind::h, GateKind::x, GateKind::y,
                                GateKind::z, GateKind::s, GateKind::t, GateKind::swap})
      known[name_of(kind)] = {kind};
    known["sdg"] = {GateKind::matrix, 0, {1, 0, 0, Complex(0, -1)}};
    known["tdg"] = {GateKind::matrix, 0, {1, 0, 0, Complex(half, -half)}};
    known["id"] = {GateKind::matrix, 0, {1, 0, 0, 1}};
    known["p"] = known["phase"] = {GateKind::matrix, 0, {}, true};
    for (const char* name : {"rx", "ry", "rz", "h", "x", "y", "z", "swap", "p", "phase"}) {
      known[std::string("c") + name] = known[name];
      known[std::string("c") + name].controls = 1;
    }
    known["CX"] = known["cx"];
    known["ccx"] = known["x"];
    known["ccx"].controls = 2;
    return known;
  }();
  return gates;
}

}  // namespace talweg::models::quantum
