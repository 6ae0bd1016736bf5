#pragma once

#include <string>
#include <string_view>

#include "models/quantum/circuit.h"

namespace talweg::models::quantum {

/// The circuit in OpenQASM 3, with one register q whose element i is qubit i, parameters as `input float`, and controls
/// as `ctrl @` and `negctrl @`. A matrix on one qubit is written as rotations and a phase. Names of parameters that the
/// language does not allow become p0, p1, …, with the name in a comment. Throws ConfigError for a matrix on two qubits.
/// States of other programs are in their own order of qubits (circuit.h).
std::string to_open_qasm(const Circuit& circuit);

/// Reads what to_open_qasm() writes, and the usual gates beside: registers of qubits (one after the other, in their
/// order), `input` parameters, the gates h x y z s sdg t tdg p rx ry rz swap and their forms with a leading c,
/// `gphase`, the modifiers `ctrl(k) @` and `negctrl(k) @`, gates on whole registers, and angles that are a parameter or
/// a number with + - * / and pi. `barrier` changes nothing. `name` of the text is for messages. Throws DataError with
/// line and column for all else.
Circuit from_open_qasm(std::string_view text, const std::string& name);

}  // namespace talweg::models::quantum
