#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>

#include "core/error.h"
#include "core/io/closest_word.h"
#include "models/quantum/open_qasm.h"
#include "models/quantum/open_qasm_gates.h"
#include "models/quantum/open_qasm_tokens.h"

namespace talweg::models::quantum {
namespace {

class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : tokens_(text, name) {}

  Circuit read() {
    read_version();
    while (tokens_.now().kind != Token::Kind::end) read_statement();
    if (!circuit_) tokens_.fail(tokens_.now(), "a circuit without qubits: 'qubit[2] q;' declares some");
    take_over_parameters();
    return *circuit_;
  }

 private:
  struct Register {
    std::int64_t first, size;
  };
  /// A number, or a parameter by name.
  struct Expression {
    double value = 0;
    std::string parameter;
  };

  void read_version() {
    const Token start = tokens_.now();
    if (!tokens_.take_if("OPENQASM")) tokens_.fail(start, "a file of OpenQASM 3 begins with 'OPENQASM 3.0;'");
    const Token version = tokens_.expect(Token::Kind::number, "a version");
    if (!version.text.starts_with("3"))
      tokens_.fail(version, fmt::format("version {} of OpenQASM is not read; version 3 is", version.text));
    tokens_.expect(";");
  }

  void read_statement() {
    const Token word = tokens_.now();
    if (word.kind != Token::Kind::word)
      tokens_.fail(word, fmt::format("expected a gate or a declaration, found {}", Tokens::shown(word)));
    if (tokens_.take_if("include")) {
      const Token file = tokens_.expect(Token::Kind::text, "the name of a file");
      if (file.text != "\"stdgates.inc\"")
        tokens_.fail(file, fmt::format("{} is not read; the gates of \"stdgates.inc\" are known", file.text));
      return tokens_.expect(";");
    }
    if (tokens_.take_if("input")) return read_parameter();
    if (tokens_.take_if("qubit")) return read_register();
    if (tokens_.take_if("barrier")) {
      while (tokens_.now().kind != Token::Kind::end && tokens_.now().text != ";") tokens_.take();
      return tokens_.expect(";");
    }
    for (const char* measured : {"measure", "bit", "creg"})
      if (word.text == measured)
        tokens_.fail(word, fmt::format("'{}': a circuit here ends in a state; leave measurements out", word.text));
    if (word.text == "qreg") tokens_.fail(word, "'qreg' is of OpenQASM 2; write 'qubit[2] q;'");
    read_gate();
  }

  void read_parameter() {
    const Token type = tokens_.expect(Token::Kind::word, "float or angle");
    if (type.text != "float" && type.text != "angle")
      tokens_.fail(type, fmt::format("a parameter of type '{}' is no angle; float and angle are", type.text));
    if (tokens_.take_if("[")) {
      tokens_.expect(Token::Kind::number, "a number of bits");
      tokens_.expect("]");
    }
    const Token name = tokens_.expect(Token::Kind::word, "the name of a parameter");
    require_new(name);
    parameters_.push_back(name.text);
    tokens_.expect(";");
  }

  void read_register() {
    const Token start = tokens_.now();
    std::int64_t size = 1;
    if (tokens_.take_if("[")) {
      size = read_integer("a number of qubits");
      tokens_.expect("]");
    }
    const Token name = tokens_.expect(Token::Kind::word, "the name of a register");
    require_new(name);
    if (circuit_ && !circuit_->gates().empty()) tokens_.fail(name, "declare all qubits before the first gate");
    const std::int64_t before = circuit_ ? circuit_->qubits() : 0;
    try {
      circuit_.emplace(before + size);
    } catch (const ConfigError& error) {
      tokens_.fail(start, error.what());
    }
    registers_[name.text] = {before, size};
    tokens_.expect(";");
  }

  /// Parameters of the circuit come in the order of the text, used or not.
  void take_over_parameters() {
    for (const std::string& parameter : parameters_) circuit_->parameter(parameter);
  }

  void require_new(const Token& name) const {
    if (registers_.contains(name.text) || std::ranges::count(parameters_, name.text) > 0)
      tokens_.fail(name, fmt::format("'{}' is declared twice", name.text));
  }

  std::int64_t read_integer(std::string_view what) {
    const Token token = tokens_.expect(Token::Kind::number, what);
    std::int64_t value = 0;
    const auto [end, fault] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
    if (fault != std::errc() || end != token.text.data() + token.text.size())
      tokens_.fail(token, fmt::format("expected {}, found '{}'", what, token.text));
    return value;
  }

  void read_gate() {
    Gate gate{GateKind::x, {}};
    while (tokens_.now().text == "ctrl" || tokens_.now().text == "negctrl") {
      const int value = tokens_.take().text == "ctrl" ? 1 : 0;
      std::int64_t count = 1;
      if (tokens_.take_if("(")) {
        const Token at = tokens_.now();
        count = read_integer("a number of controls");
        if (count < 1 || count > 40) tokens_.fail(at, "a number of controls is 1 to 40");
        tokens_.expect(")");
      }
      tokens_.expect("@");
      gate.control_values.insert(gate.control_values.end(), static_cast<std::size_t>(count), value);
    }
    const Token name = tokens_.expect(Token::Kind::word, "the name of a gate");
    const bool is_global_phase = name.text == "gphase";
    const auto found = gates_by_name().find(name.text);
    if (!is_global_phase && found == gates_by_name().end()) refuse(name);
    const NamedGate known = is_global_phase ? NamedGate{GateKind::matrix, 0, {}, true} : found->second;
    gate.kind = known.kind;
    gate.control_values.insert(gate.control_values.end(), static_cast<std::size_t>(known.controls), 1);
    gate.matrix = known.matrix;
    if (is_rotation(known.kind) || known.is_phase) {
      tokens_.expect("(");
      const Token at = tokens_.now();
      const Expression angle = read_sum();
      tokens_.expect(")");
      if (known.is_phase && !angle.parameter.empty())
        tokens_.fail(at, fmt::format("'{}' by a parameter is not known; rz has one", name.text));
      if (known.is_phase) gate.matrix = {1, 0, 0, std::polar(1.0, angle.value)};
      gate.angle = angle.parameter.empty() ? Angle{-1, angle.value} : Angle{-2, 0};
      waiting_parameter_ = angle.parameter;
    }
    std::vector<std::vector<std::int64_t>> operands;
    if (tokens_.now().text != ";") do
        operands.push_back(read_operand());
      while (tokens_.take_if(","));
    const Token end = tokens_.now();
    tokens_.expect(";");
    if (is_global_phase) return add_global_phase(name, gate, operands);
    const std::size_t targets = known.kind == GateKind::swap ? 2 : 1, wanted = targets + gate.control_values.size();
    if (operands.size() != wanted)
      tokens_.fail(name, fmt::format("'{}' acts on {} qubit{} here, not {}", name.text, wanted, wanted == 1 ? "" : "s",
                                     operands.size()));
    add_broadcast(name, gate, operands);
  }

  [[noreturn]] void refuse(const Token& name) const {
    std::vector<std::string> known{"gphase"};
    for (const auto& [word, gate] : gates_by_name()) known.push_back(word);
    for (const char* word : {"U", "u1", "u2", "u3", "u", "cu", "sx"})
      if (name.text == word)
        tokens_.fail(name, fmt::format("'{}' is not read; write it by rz, ry and gphase", name.text));
    for (const char* word :
         {"gate", "def", "if", "for", "while", "let", "const", "reset", "inv", "pow", "int", "output"})
      if (name.text == word)
        tokens_.fail(name, fmt::format("'{}' is not read: a circuit here is a list of gates", name.text));
    tokens_.fail(name, fmt::format("there is no gate '{}'{}", name.text, io::suggestion(name.text, known)));
  }

  std::vector<std::int64_t> read_operand() {
    const Token name = tokens_.expect(Token::Kind::word, "a qubit");
    const auto found = registers_.find(name.text);
    if (found == registers_.end()) {
      std::vector<std::string> known;
      for (const auto& [word, place] : registers_) known.push_back(word);
      tokens_.fail(name, fmt::format("there is no register '{}'{}", name.text, io::suggestion(name.text, known)));
    }
    const auto [first, size] = found->second;
    std::vector<std::int64_t> qubits;
    if (tokens_.take_if("[")) {
      const Token at = tokens_.now();
      const std::int64_t index = read_integer("the number of a qubit");
      if (index < 0 || index >= size)
        tokens_.fail(at, fmt::format("register '{}' has the qubits 0 to {}, not {}", name.text, size - 1, index));
      tokens_.expect("]");
      return {first + index};
    }
    for (std::int64_t i = 0; i < size; ++i) qubits.push_back(first + i);
    return qubits;
  }

  /// A gate on whole registers acts on their first qubits, their second ones, …
  void add_broadcast(const Token& name, const Gate& gate, const std::vector<std::vector<std::int64_t>>& operands) {
    take_over_parameters();
    std::size_t count = 1;
    for (const auto& qubits : operands)
      if (qubits.size() > 1) {
        if (count > 1 && qubits.size() != count)
          tokens_.fail(name,
                       fmt::format("'{}' on registers of different sizes: {} and {}", name.text, count, qubits.size()));
        count = qubits.size();
      }
    for (std::size_t k = 0; k < count; ++k) {
      Gate one = gate;
      for (std::size_t i = 0; i < operands.size(); ++i) {
        const std::int64_t qubit = operands[i].size() > 1 ? operands[i][k] : operands[i][0];
        (i < gate.control_values.size() ? one.controls : one.targets).push_back(qubit);
      }
      if (one.angle.parameter == -2) one.angle = circuit_->parameter(waiting_parameter_);
      try {
        circuit_->add(std::move(one));
      } catch (const ConfigError& error) {
        tokens_.fail(name, error.what());
      }
    }
  }

  /// Without controls a matrix of the phase on qubit 0; with them the phase of the last control where the others hold.
  void add_global_phase(const Token& name, Gate gate, std::vector<std::vector<std::int64_t>> operands) {
    if (operands.size() != gate.control_values.size())
      tokens_.fail(
          name, fmt::format("'gphase' with {} controls names {} qubits", gate.control_values.size(), operands.size()));
    if (!circuit_) tokens_.fail(name, "declare qubits before the first gate");
    const Complex phase = gate.matrix[3];
    if (operands.empty()) {
      gate.matrix = {phase, 0, 0, phase};
      operands = {{0}};
    } else {
      const bool at_one = gate.control_values.back() == 1;
      gate.control_values.pop_back();
      gate.matrix = {at_one ? Complex(1) : phase, 0, 0, at_one ? phase : Complex(1)};
    }
    add_broadcast(name, gate, operands);
  }

  Expression read_sum() {
    Expression sum = read_product();
    while (tokens_.now().text == "+" || tokens_.now().text == "-") {
      const Token sign = tokens_.take();
      const Expression next = read_product();
      require_numbers(sign, sum, next);
      sum.value += sign.text == "+" ? next.value : -next.value;
    }
    return sum;
  }

  Expression read_product() {
    Expression product = read_factor();
    while (tokens_.now().text == "*" || tokens_.now().text == "/") {
      const Token sign = tokens_.take();
      const Expression next = read_factor();
      require_numbers(sign, product, next);
      product.value = sign.text == "*" ? product.value * next.value : product.value / next.value;
    }
    if (!std::isfinite(product.value)) tokens_.fail(tokens_.now(), "an angle that is not a finite number");
    return product;
  }

  Expression read_factor() {
    const Token token = tokens_.take();
    if (++depth_ > 100) tokens_.fail(token, "more than 100 brackets or signs in each other");
    const Expression factor = read_factor_from(token);
    --depth_;
    return factor;
  }

  Expression read_factor_from(const Token& token) {
    if (token.text == "-" || token.text == "+") {
      Expression factor = read_factor();
      require_numbers(token, factor, {});
      if (token.text == "-") factor.value = -factor.value;
      return factor;
    }
    if (token.text == "(") {
      const Expression inner = read_sum();
      tokens_.expect(")");
      return inner;
    }
    if (token.kind == Token::Kind::number) {
      double value = 0;
      const auto [end, fault] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
      if (fault != std::errc() || end != token.text.data() + token.text.size())
        tokens_.fail(token, fmt::format("'{}' is no number", token.text));
      return {value, ""};
    }
    if (token.text == "pi" || token.text == "π") return {std::numbers::pi, ""};
    if (token.text == "tau" || token.text == "τ") return {2 * std::numbers::pi, ""};
    if (token.kind != Token::Kind::word)
      tokens_.fail(token, fmt::format("expected an angle, found {}", Tokens::shown(token)));
    if (std::ranges::count(parameters_, token.text) == 0)
      tokens_.fail(token,
                   fmt::format("there is no parameter '{}'{}", token.text, io::suggestion(token.text, parameters_)));
    return {0, token.text};
  }

  void require_numbers(const Token& at, const Expression& a, const Expression& b) const {
    if (!a.parameter.empty() || !b.parameter.empty())
      tokens_.fail(at, "an angle is a parameter as it is, or a number; no arithmetic with parameters");
  }

  Tokens tokens_;
  std::optional<Circuit> circuit_;
  std::map<std::string, Register> registers_;
  std::vector<std::string> parameters_;
  std::string waiting_parameter_;  // of the gate that is being read
  int depth_ = 0;                  // of brackets and signs
};

}  // namespace

Circuit from_open_qasm(std::string_view text, const std::string& name) {
  return Reader(text, name).read();
}

}  // namespace talweg::models::quantum
