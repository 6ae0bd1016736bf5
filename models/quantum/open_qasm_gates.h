#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/quantum/circuit.h"

namespace talweg::models::quantum {

/// A gate by its name in the language: controls that the name has, and what acts on the targets.
struct NamedGate {
  GateKind kind;
  int controls = 0;
  std::vector<Complex> matrix = {};  ///< of gates that have none of our names
  bool is_phase = false;             ///< p(λ): diag(1, e^{iλ})
};

/// The gates that from_open_qasm() knows: those of "stdgates.inc" that a circuit can hold.
const std::map<std::string, NamedGate>& gates_by_name();

}  // namespace talweg::models::quantum
