#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "models/quantum/open_qasm.h"

namespace talweg::models::quantum {
namespace {

bool is_identifier(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

/// Words that are something else in the language, or in the gates that it includes.
bool is_reserved(const std::string& name) {
  static const std::set<std::string> kWords = {
      "q",       "pi",    "tau",  "euler",  "U",     "gphase", "ctrl",    "negctrl", "inv",   "pow",     "gate",
      "qubit",   "bit",   "bool", "int",    "uint",  "float",  "angle",   "complex", "input", "output",  "const",
      "let",     "def",   "if",   "else",   "for",   "while",  "return",  "measure", "reset", "barrier", "delay",
      "include", "break", "end",  "switch", "array", "box",    "stretch", "duration"};
  static const std::set<std::string> kGates = {
      "p",  "x",   "y",   "z",   "h",  "s",  "sdg", "t",  "tdg", "sx", "rx", "ry",    "rz",    "cx",   "cy",  "cz",
      "cp", "crx", "cry", "crz", "ch", "cu", "CX",  "id", "u1",  "u2", "u3", "phase", "cswap", "swap", "ccx", "cphase"};
  return kWords.contains(name) || kGates.contains(name);
}

/// Names that the language allows, in place of the parameters'.
std::vector<std::string> names_of(const Circuit& circuit) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < circuit.parameters().size(); ++i) {
    const std::string& own = circuit.parameters()[i];
    std::string name = is_identifier(own) && !is_reserved(own) ? own : fmt::format("p{}", i);
    while (name != own && std::ranges::count(circuit.parameters(), name) > 0) name += "_";
    names.push_back(std::move(name));
  }
  return names;
}

/// "ctrl @ negctrl @ " and the controls in that order.
std::string modifiers(const Gate& gate) {
  std::string text;
  for (const int value : gate.control_values) text += value == 1 ? "ctrl @ " : "negctrl @ ";
  return text;
}

std::string operands(const std::vector<std::int64_t>& controls, const std::vector<std::int64_t>& targets) {
  std::string text;
  for (const auto* list : {&controls, &targets})
    for (const std::int64_t qubit : *list) text += fmt::format("{}q[{}]", text.empty() ? "" : ", ", qubit);
  return text;
}

/// U = e^{iα} RZ(β) RY(γ) RZ(δ).
std::string matrix_statements(const Gate& gate) {
  const std::vector<Complex>& m = gate.matrix;
  if (m.size() != 4)
    throw ConfigError("OpenQASM 3 has no matrices on two qubits; write the gate as gates on one qubit and CNOTs");
  const double alpha = std::arg(m[0] * m[3] - m[1] * m[2]) / 2;
  const Complex phase = std::polar(1.0, -alpha);
  const Complex a = phase * m[0], b = phase * m[2];  // cos(γ/2)·e^{−i(β+δ)/2}, sin(γ/2)·e^{i(β−δ)/2}
  const double gamma = 2 * std::atan2(std::abs(b), std::abs(a));
  const double sum = std::abs(a) > 0 ? -2 * std::arg(a) : 0, difference = std::abs(b) > 0 ? 2 * std::arg(b) : 0;
  const std::string before = modifiers(gate), on = operands(gate.controls, gate.targets);
  std::string text;
  const auto rotate = [&](const char* name, double angle) {
    if (angle != 0) text += fmt::format("{}{}({}) {};\n", before, name, angle, on);
  };
  rotate("rz", (sum - difference) / 2);
  rotate("ry", gamma);
  rotate("rz", (sum + difference) / 2);
  if (alpha != 0)
    text += fmt::format("{}gphase({}){}{};\n", before, alpha, gate.controls.empty() ? "" : " ",
                        operands(gate.controls, {}));
  return text;
}

std::string statement(const Gate& gate, const std::vector<std::string>& names) {
  if (gate.kind == GateKind::matrix) return matrix_statements(gate);
  std::string angle;
  if (is_rotation(gate.kind))
    angle = gate.angle.parameter >= 0 ? fmt::format("({})", names[static_cast<std::size_t>(gate.angle.parameter)])
                                      : fmt::format("({})", gate.angle.value);
  return fmt::format("{}{}{} {};\n", modifiers(gate), name_of(gate.kind), angle, operands(gate.controls, gate.targets));
}

}  // namespace

std::string to_open_qasm(const Circuit& circuit) {
  std::string text = "OPENQASM 3.0;\ninclude \"stdgates.inc\";\n";
  const std::vector<std::string> names = names_of(circuit);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& own = circuit.parameters()[i];
    std::string comment = own;
    std::replace(comment.begin(), comment.end(), '\n', ' ');
    text += fmt::format("input float[64] {};{}\n", names[i], names[i] == own ? "" : "  // " + comment);
  }
  text += fmt::format("qubit[{}] q;\n", circuit.qubits());
  for (const Gate& gate : circuit.gates()) text += statement(gate, names);
  return text;
}

}  // namespace talweg::models::quantum
