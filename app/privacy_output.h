#pragma once

#include <string>

#include "app/privacy_question.h"

namespace talweg::app {

/// A table of accountants, ε against steps as bars, and the statement to quote. Throws ConfigError when the chosen
/// accountant does not fit.
void print_answer(const PrivacyQuestion& question);

/// ε against steps of every accountant that fits, as an SVG picture. Throws SystemError.
void write_plot(const PrivacyQuestion& question, const std::string& file);

}  // namespace talweg::app
