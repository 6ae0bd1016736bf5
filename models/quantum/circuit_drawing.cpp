#include "models/quantum/circuit_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace talweg::models::quantum {
namespace {

/// The text of one place, character by character, as they may take several bytes.
using Cell = std::vector<std::string>;

Cell cell_of(std::string_view text) {
  Cell cell;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80)
      cell.back() += c;
    else
      cell.emplace_back(1, c);
  }
  return cell;
}

std::string label_of(const Gate& gate, const std::vector<std::string>& parameters, std::size_t target) {
  if (gate.kind == GateKind::swap) return "x";
  if (gate.kind == GateKind::matrix) return gate.targets.size() == 2 ? fmt::format("U:{}", target) : "U";
  std::string name = name_of(gate.kind);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  if (!is_rotation(gate.kind)) return gate.kind == GateKind::x && !gate.controls.empty() ? "⊕" : name;
  return gate.angle.parameter >= 0
             ? fmt::format("{}({})", name, parameters[static_cast<std::size_t>(gate.angle.parameter)])
             : fmt::format("{}({:.4g})", name, gate.angle.value);
}

/// A column of the picture: the text on each qubit, and whether a line joins it with the next one.
struct Column {
  std::vector<Cell> on;
  std::vector<bool> joined;  // qubit i with i + 1
  std::size_t width() const {
    std::size_t widest = 0;
    for (const Cell& cell : on) widest = std::max(widest, cell.size());
    return widest;
  }
};

std::vector<Column> columns_of(const Circuit& circuit) {
  const auto n = static_cast<std::size_t>(circuit.qubits());
  std::vector<Column> columns;
  std::vector<std::size_t> free(n, 0);  // the first column in which a qubit has nothing yet
  for (const Gate& gate : circuit.gates()) {
    std::vector<std::int64_t> all = gate.targets;
    all.insert(all.end(), gate.controls.begin(), gate.controls.end());
    const auto [low, high] = std::minmax_element(all.begin(), all.end());
    const auto first = static_cast<std::size_t>(*low), last = static_cast<std::size_t>(*high);
    const std::size_t place = *std::max_element(free.begin() + *low, free.begin() + *high + 1);
    if (place == columns.size()) columns.push_back({std::vector<Cell>(n), std::vector<bool>(n, false)});
    Column& column = columns[place];
    for (std::size_t i = first; i <= last; ++i) {
      free[i] = place + 1;
      column.on[i] = cell_of("┼");
      if (i < last) column.joined[i] = true;
    }
    for (std::size_t k = 0; k < gate.controls.size(); ++k)
      column.on[static_cast<std::size_t>(gate.controls[k])] = cell_of(gate.control_values[k] == 1 ? "●" : "○");
    for (std::size_t k = 0; k < gate.targets.size(); ++k)
      column.on[static_cast<std::size_t>(gate.targets[k])] = cell_of(label_of(gate, circuit.parameters(), k));
  }
  return columns;
}

/// Centred between `filling`, with one of it on both sides.
void append_centred(std::string& line, const Cell& cell, std::size_t width, std::string_view filling) {
  const std::size_t before = (width - cell.size()) / 2, after = width - cell.size() - before;
  for (std::size_t i = 0; i <= before; ++i) line += filling;
  for (const std::string& character : cell) line += character;
  for (std::size_t i = 0; i <= after; ++i) line += filling;
}

}  // namespace

std::string draw(const Circuit& circuit, std::size_t columns) {
  const auto n = static_cast<std::size_t>(circuit.qubits());
  const std::vector<Column> all = columns_of(circuit);
  const std::size_t margin = fmt::format("q{}: ", n - 1).size();
  std::string text;
  std::size_t begin = 0;
  do {
    std::size_t end = begin, used = margin;
    while (end < all.size() && (end == begin || used + all[end].width() + 2 <= columns)) used += all[end++].width() + 2;
    if (begin > 0) text += '\n';
    for (std::size_t i = 0; i < n; ++i) {
      std::string line = fmt::format("{:>{}}", fmt::format("q{}: ", i), margin), below(margin, ' ');
      for (std::size_t k = begin; k < end; ++k) {
        append_centred(line, all[k].on[i], all[k].width(), "─");
        append_centred(below, all[k].joined[i] ? cell_of("│") : Cell{}, all[k].width(), " ");
      }
      text += line + '\n';
      below.erase(below.find_last_not_of(' ') + 1);
      if (i + 1 < n && !below.empty()) text += below + '\n';
    }
    begin = end;
  } while (begin < all.size());
  return text;
}

}  // namespace talweg::models::quantum
