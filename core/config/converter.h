#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "core/config/schema.h"
#include "core/io/closest_word.h"

namespace talweg::config {

/// Scalars from their text; false when the text is not of the type.
bool read_scalar(const Value& value, bool& target);
bool read_scalar(const Value& value, std::int64_t& target);  ///< also 1e6 and 1_000_000
bool read_scalar(const Value& value, double& target);        ///< finite, or inf, -inf
bool read_scalar(const Value& value, std::string& target);

/// The shortest text that reads back to the same number.
std::string number_text(double value);

/// Converters of scalars share everything but the name of the type and its text.
template <class T>
struct ScalarConverter {
  static bool parse(const Value& value, T& target, Diagnostics& diagnostics, const std::string& name) {
    if (value.is_scalar() && read_scalar(value, target)) return true;
    diagnostics.error(value.where,
                      fmt::format("'{}' takes {}, found {}", name, Converter<T>::article_type(), value.describe()));
    return false;
  }
};

template <>
struct Converter<bool> : ScalarConverter<bool> {
  static std::string type() { return "true or false"; }
  static std::string article_type() { return "true or false"; }
  static Value dump(bool value) { return Value::scalar(value ? "true" : "false"); }
  static nlohmann::json schema() { return {{"type", "boolean"}}; }
};

template <>
struct Converter<std::int64_t> : ScalarConverter<std::int64_t> {
  static std::string type() { return "integer"; }
  static std::string article_type() { return "an integer"; }
  static Value dump(std::int64_t value) { return Value::scalar(std::to_string(value)); }
  static nlohmann::json schema() { return {{"type", "integer"}}; }
};

template <>
struct Converter<double> : ScalarConverter<double> {
  static std::string type() { return "number"; }
  static std::string article_type() { return "a number"; }
  static Value dump(double value) { return Value::scalar(number_text(value)); }
  static nlohmann::json schema() { return {{"type", "number"}}; }
};

template <>
struct Converter<std::string> : ScalarConverter<std::string> {
  static std::string type() { return "text"; }
  static std::string article_type() { return "text"; }
  static Value dump(const std::string& value) {
    // `$${` keeps a literal `${` literal when the resolved configuration is read again.
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value.compare(i, 2, "${") == 0) text += '$';
      text += value[i];
    }
    return Value::scalar(std::move(text), {}, value.empty() || value == "~" || value == "null");
  }
  static nlohmann::json schema() { return {{"type", {"string", "number", "boolean"}}}; }
};

/// The names of an enumeration: `inline std::vector<std::pair<std::string, E>> choices(E)`, found by argument-dependent
/// lookup.
template <class E>
requires std::is_enum_v<E>
struct Converter<E> {
  static std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const auto& [name, unused] : choices(E{})) names.push_back(name);
    return names;
  }
  static std::string type() { return fmt::format("one of {}", fmt::join(names(), ", ")); }
  static bool parse(const Value& value, E& target, Diagnostics& diagnostics, const std::string& name) {
    if (value.is_scalar()) {
      for (const auto& [text, choice] : choices(E{})) {
        if (text != value.text) continue;
        target = choice;
        return true;
      }
    }
    diagnostics.error(value.where, fmt::format("'{}' takes {}, found {}{}", name, type(), value.describe(),
                                               value.is_scalar() ? io::suggestion(value.text, names()) : ""));
    return false;
  }
  static Value dump(E value) {
    for (const auto& [text, choice] : choices(E{}))
      if (choice == value) return Value::scalar(text);
    return Value::null();
  }
  static nlohmann::json schema() { return {{"enum", names()}}; }
};

/// A nested section.
template <Declared T>
struct Converter<T> {
  static std::string type() { return "section"; }
  static bool parse(const Value& value, T& target, Diagnostics& diagnostics, const std::string& name) {
    if (!value.is_mapping()) {
      diagnostics.error(value.where, fmt::format("'{}' is a section of its own ('key: value' lines), found {}", name,
                                                 value.describe()));
      return false;
    }
    const std::size_t before = diagnostics.messages().size();
    parse_into(value, target, diagnostics);
    return diagnostics.messages().size() == before;
  }
  static Value dump(const T& value) { return fields_of(const_cast<T&>(value)).dump(); }
  static nlohmann::json schema() {
    T defaults;
    return fields_of(defaults).schema();
  }
  static std::vector<OptionInfo> options(const T& value) { return describe(fields_of(const_cast<T&>(value))); }
};

/// An option that may be absent: `null` in YAML.
template <class T>
struct Converter<std::optional<T>> {
  static std::string type() { return Converter<T>::type() + ", optional"; }
  static bool parse(const Value& value, std::optional<T>& target, Diagnostics& diagnostics, const std::string& name) {
    if (value.is_null()) {
      target.reset();
      return true;
    }
    T inner{};
    if (!Converter<T>::parse(value, inner, diagnostics, name)) return false;
    target = std::move(inner);
    return true;
  }
  static Value dump(const std::optional<T>& value) { return value ? Converter<T>::dump(*value) : Value::null(); }
  static nlohmann::json schema() { return nullable_schema(Converter<T>::schema()); }
  static std::vector<OptionInfo> options(const std::optional<T>& value) requires requires(const T& inner) {
    Converter<T>::options(inner);
  }
  { return Converter<T>::options(value.value_or(T{})); }
};

/// A list; one bare element stands for a list of one.
template <class T>
struct Converter<std::vector<T>> {
  static std::string type() { return "list of " + Converter<T>::type(); }
  static bool parse(const Value& value, std::vector<T>& target, Diagnostics& diagnostics, const std::string& name) {
    target.clear();
    if (value.is_null()) return true;
    bool good = true;
    const auto add = [&](const Value& item, const std::string& item_name) {
      target.emplace_back();
      good = Converter<T>::parse(item, target.back(), diagnostics, item_name) && good;
    };
    if (!value.is_sequence()) {
      add(value, name);
    } else {
      for (std::size_t i = 0; i < value.items.size(); ++i) add(value.items[i], fmt::format("{}[{}]", name, i));
    }
    return good;
  }
  static Value dump(const std::vector<T>& value) {
    Value list = Value::sequence();
    for (const T& item : value) list.items.push_back(Converter<T>::dump(item));
    return list;
  }
  static nlohmann::json schema() { return list_schema(Converter<T>::schema()); }
  static std::vector<OptionInfo> options(const std::vector<T>&) requires requires(const T& item) {
    Converter<T>::options(item);
  }
  { return Converter<T>::options(T{}); }
};

namespace detail {

/// The number a bound applies to; a list is bounded element by element, an absent value always passes.
template <class T>
bool within(const T& value, const constraints::Bound& bound) {
  if constexpr (std::is_arithmetic_v<T>) {
    const double number = static_cast<double>(value);
    switch (bound.kind) {
      case constraints::Bound::Kind::at_least:
        return number >= bound.limit;
      case constraints::Bound::Kind::above:
        return number > bound.limit;
      case constraints::Bound::Kind::at_most:
        return number <= bound.limit;
      case constraints::Bound::Kind::below:
        return number < bound.limit;
    }
    return false;
  } else if constexpr (requires { value.has_value(); }) {
    return !value || within(*value, bound);
  } else {
    for (const auto& item : value)
      if (!within(item, bound)) return false;
    return true;
  }
}

std::string bound_text(const constraints::Bound& bound);
void bound_schema(const constraints::Bound& bound, nlohmann::json& schema);

template <class T>
void add_constraint(Field& field, std::vector<Constraint<T>>& list, const constraints::Bound& bound) {
  list.push_back({[bound](const T& v) { return within(v, bound); }, bound_text(bound),
                  [bound](nlohmann::json& schema) { bound_schema(bound, schema); }});
  field.constraints += (field.constraints.empty() ? "" : ", ") + bound_text(bound);
}
template <class T>
void add_constraint(Field& field, std::vector<Constraint<T>>& list, Constraint<T> constraint) {
  field.constraints += (field.constraints.empty() ? "" : ", ") + constraint.text;
  list.push_back(std::move(constraint));
}
template <class T>
void add_constraint(Field& field, std::vector<Constraint<T>>&, constraints::Required) {
  field.required = true;
}

}  // namespace detail

template <class T, class... Constraints>
void Fields::operator()(std::string name, T& target, std::string doc, Constraints... constraints) {
  Field field;
  field.name = name;
  field.type = Converter<T>::type();
  field.doc = std::move(doc);
  std::vector<Constraint<T>> list;
  (detail::add_constraint<T>(field, list, constraints), ...);
  field.parse = [&target, name, list](const Value& value, Diagnostics& diagnostics) {
    if (!Converter<T>::parse(value, target, diagnostics, name)) return;
    for (const Constraint<T>& constraint : list) {
      if (!constraint.holds(target))
        diagnostics.error(value.where,
                          fmt::format("'{}' must be {}, found {}", name, constraint.text, value.describe()));
    }
  };
  field.dump = [&target] { return Converter<T>::dump(target); };
  field.schema = [list] {
    nlohmann::json schema = Converter<T>::schema();
    for (const Constraint<T>& constraint : list)
      if (constraint.schema) constraint.schema(schema);
    return schema;
  };
  field.options = [&target]() -> std::vector<OptionInfo> {
    if constexpr (requires { Converter<T>::options(target); }) return Converter<T>::options(target);
    (void)target;
    return {};
  };
  fields_.push_back(std::move(field));
}

}  // namespace talweg::config
