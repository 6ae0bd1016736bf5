#pragma once

#include <concepts>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "core/config/diagnostics.h"
#include "core/config/option_info.h"
#include "core/config/value.h"

namespace talweg::config {

class Fields;

/// An options struct that declares its fields: `void declare(Fields& f, MyOptions& o)`, found by argument-dependent
/// lookup.
template <class T>
concept Declared = requires(Fields& fields, T& options) {
  declare(fields, options);
};

/// How a type of option is read, written and described. Specialised in converter.h and, for components, in component.h.
template <class T>
struct Converter;

/// A condition on a value with the words that explain it.
template <class T>
struct Constraint {
  std::function<bool(const T&)> holds;
  std::string text;                             ///< "at least 1": completes "must be …"
  std::function<void(nlohmann::json&)> schema;  ///< adds the JSON-Schema keyword
};

namespace constraints {
/// A bound before the type of the field is known.
struct Bound {
  double limit;
  enum class Kind { at_least, above, at_most, below } kind;
};
/// The field has no default.
struct Required {};
}  // namespace constraints

/// limit ≤ value
inline constraints::Bound at_least(double limit) {
  return {limit, constraints::Bound::Kind::at_least};
}
/// limit < value
inline constraints::Bound above(double limit) {
  return {limit, constraints::Bound::Kind::above};
}
/// value ≤ limit
inline constraints::Bound at_most(double limit) {
  return {limit, constraints::Bound::Kind::at_most};
}
/// value < limit
inline constraints::Bound below(double limit) {
  return {limit, constraints::Bound::Kind::below};
}
/// The user must give the field.
inline constraints::Required required() {
  return {};
}

/// One declared option, with its type erased.
struct Field {
  std::string name;
  std::string type;         ///< "integer", "number", "one of a, b", "list of integer", "model", …
  std::string doc;          ///< what it is for, with its unit and its symbol in the paper
  std::string constraints;  ///< "at least 1, below 10"; empty when there are none
  bool required = false;
  std::function<void(const Value&, Diagnostics&)> parse;
  std::function<Value()> dump;
  std::function<nlohmann::json()> schema;
  std::function<std::vector<OptionInfo>()> options;  ///< of a section: what is in it; otherwise nothing
};

/// The fields of one options struct. A component declares its options once,
///
///     void declare(Fields& f, SgdOptions& o) {
///       f("learning_rate", o.learning_rate, "step size", above(0));
///     }
///
/// and from that come parsing, defaults, ranges, help, the resolved configuration and the JSON schema.
/// The struct must outlive the Fields bound to it.
class Fields {
 public:
  template <class T, class... Constraints>
  void operator()(std::string name, T& target, std::string doc, Constraints... constraints);

  const std::vector<Field>& list() const { return fields_; }

  /// Reads a mapping into the struct. Unknown keys (but for `allowed`), wrong types, values out of range and missing
  /// required fields are recorded, each with its location.
  void parse(const Value& mapping, Diagnostics& diagnostics, const std::vector<std::string>& allowed = {}) const;
  /// The struct as a mapping, in the order of declaration.
  Value dump() const;
  /// A JSON-Schema object (draft 7). `type_name` adds a constant property `type`.
  nlohmann::json schema(const std::string& type_name = "") const;

 private:
  std::vector<Field> fields_;
};

/// The fields of `options`, bound to it.
template <Declared T>
Fields fields_of(T& options) {
  Fields fields;
  declare(fields, options);
  return fields;
}

/// The fields as help shows them, with the values of their struct as the defaults.
std::vector<OptionInfo> describe(const Fields& fields);

/// Reads `value` into `options`; afterwards `validate(options, where, diagnostics)` is called when it exists,
/// for conditions that involve several fields.
template <Declared T>
void parse_into(const Value& value, T& options, Diagnostics& diagnostics,
                const std::vector<std::string>& allowed = {}) {
  const std::size_t before = diagnostics.messages().size();
  fields_of(options).parse(value, diagnostics, allowed);
  if constexpr (requires { validate(options, value, diagnostics); }) {
    if (diagnostics.messages().size() == before) validate(options, value, diagnostics);
  }
}

/// Reads a whole configuration. Throws ConfigError with every mistake found.
template <Declared T>
T parse(const Value& value) {
  T options;
  Diagnostics diagnostics;
  parse_into(value, options, diagnostics);
  diagnostics.throw_if_any();
  return options;
}

}  // namespace talweg::config

#include "core/config/converter.h"
