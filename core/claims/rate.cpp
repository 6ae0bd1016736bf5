#include "core/claims/rate.h"

#include <fmt/format.h>

#include <cmath>

namespace talweg {

double Rate::at(double step) const {
  return coefficient * std::pow(factor, step) * std::pow(step, exponent);
}

std::string Rate::formula() const {
  std::string text = offset != 0 ? fmt::format("{:.6g} + ", offset) : "";
  text += fmt::format("{:.4g}", coefficient);
  if (factor != 1) text += fmt::format("·{:.4g}^t", factor);
  if (exponent == -1) return text + "/t";
  if (exponent != 0) text += fmt::format("·t^{:g}", exponent);
  return text;
}

void declare(config::Fields& f, Rate& o) {
  f("coefficient", o.coefficient, "C of C·factor^t·t^exponent at step t", config::above(0));
  f("factor", o.factor, "what a step multiplies the loss with: a linear rate", config::above(0));
  f("exponent", o.exponent, "power of the step number: a sublinear rate");
  f("offset", o.offset, "added to the curve: the minimum of the loss");
  f("from", o.from, "first step that is compared", config::at_least(0));
  f("to", o.to, "last step that is compared (default: the last one)", config::at_least(0));
}

void validate(const Rate& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.to && *o.to < o.from) diagnostics.error(where.where, "'to' is before 'from'");
  if (o.exponent < 0 && o.from == 0) diagnostics.error(where.where, "a negative 'exponent' needs 'from' of at least 1");
}

}  // namespace talweg
