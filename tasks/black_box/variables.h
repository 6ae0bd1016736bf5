#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/converter.h"
#include "tasks/black_box/oracle.h"

namespace talweg::tasks {

/// Variables with what is known of them, as a mapping in order: `{rate: log 1e-4..1 from 1e-2, layers: integer 1..8,
/// angle: linear -3..3, x: -5..5}`.
struct VariableList {
  struct Variable {
    std::string name;
    VariableScale scale = VariableScale::own;
    double lower = 0, upper = 0;
    std::optional<double> start{};
    config::Location where{};
  };
  std::vector<Variable> list;

  /// The variables of an oracle that has those of the list and no others. One without a start begins in the middle of
  /// its range, on its scale.
  std::vector<OracleVariable> of_oracle() const;
};

/// A range "-5..5".
struct Range {
  double lower = 0, upper = 0;
};

/// The variables of a black box between an optimizer, which sees u, and its oracle, which is asked at x.
class VariableSpace {
 public:
  /// From what the oracle knows, overridden by what the configuration says: variables by name, bounds of all that have
  /// none of their own, the start. Throws ConfigError: an unknown name, a start outside the bounds, a wrong number.
  VariableSpace(const std::vector<OracleVariable>& own, const VariableList& configured,
                const std::optional<Range>& bounds, const std::vector<double>& start);

  std::int64_t size() const { return static_cast<std::int64_t>(variables_.size()); }
  std::vector<std::string> names() const;
  /// x of the nearest point in the box; integers are rounded.
  void to_oracle(const double* u, double* x) const;
  /// The start, as the optimizer sees it: [d] float64.
  at::Tensor start() const;
  /// The box of u, undefined where nothing is bounded.
  at::Tensor lower() const { return box(&Variable::lower); }
  at::Tensor upper() const { return box(&Variable::upper); }
  bool has_integers() const;

 private:
  struct Variable {
    std::string name;
    VariableScale scale;
    double lower, upper;  ///< of x; infinite where there is none
    double start;
  };
  static double to_u(const Variable& variable, double x);
  at::Tensor box(double Variable::*side) const;

  std::vector<Variable> variables_;
};

}  // namespace talweg::tasks

namespace talweg::config {

template <>
struct Converter<tasks::Range> {
  static std::string type() { return "range a..b"; }
  static bool parse(const Value& value, tasks::Range& target, Diagnostics& diagnostics, const std::string& name);
  static Value dump(const tasks::Range& value);
  static nlohmann::json schema() { return {{"type", "string"}, {"pattern", "^.+\\.\\..+$"}}; }
};

template <>
struct Converter<tasks::VariableList> {
  static std::string type() { return "mapping of names to ranges ('log 1e-4..1 from 1e-2')"; }
  static bool parse(const Value& value, tasks::VariableList& target, Diagnostics& diagnostics, const std::string& name);
  static Value dump(const tasks::VariableList& value);
  static nlohmann::json schema() {
    return {{"type", "object"}, {"additionalProperties", {{"type", "string"}, {"pattern", "^.+\\.\\..+$"}}}};
  }
};

}  // namespace talweg::config
