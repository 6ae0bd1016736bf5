#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/config/fields.h"
#include "core/metrics/record.h"

namespace talweg {

/// A rate of convergence as a curve over steps: offset + coefficient·factor^t·t^exponent. A factor below 1 is a linear
/// rate, a straight line on a logarithmic axis; an exponent of −1 the sublinear one of gradient descent with a constant
/// step, a straight line on two logarithmic axes.
struct Rate {
  double coefficient = 1;
  double factor = 1;
  double exponent = 0;
  double offset = 0;      ///< the minimum of a loss that does not go to 0
  std::int64_t from = 1;  ///< first step at which it is claimed
  std::optional<std::int64_t> to;

  bool covers(std::int64_t step) const { return step >= from && (!to || step <= *to); }
  /// The curve above the offset.
  double at(double step) const;
  /// "0.693·0.98^t"
  std::string formula() const;
};
void declare(config::Fields& f, Rate& o);
void validate(const Rate& o, const config::Value& where, config::Diagnostics& diagnostics);

}  // namespace talweg
