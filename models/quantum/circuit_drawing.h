#pragma once

#include <string>

#include "models/quantum/circuit.h"

namespace talweg::models::quantum {

/// The circuit as a picture of text: a line per qubit, time from left to right, ● for a control that must be 1 and ○
/// for one that must be 0. Gates stand as far to the left as those before them on their qubits, and between these, let
/// them. Lines of more than `columns` characters go on below.
std::string draw(const Circuit& circuit, std::size_t columns = 120);

}  // namespace talweg::models::quantum
