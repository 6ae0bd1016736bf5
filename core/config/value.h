#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::config {

/// Where a value was written. Lines and columns count from 1; line 0 means "no line" (a default, or `--set`).
struct Location {
  std::shared_ptr<const std::string> source;  ///< file name, or the option that set the value
  int line = 0;
  int column = 0;

  /// "configs/x.yaml:3:7", or only the source when there is no line.
  std::string text() const;
};

struct Member;

/// A node of a configuration before it is bound to typed options: what the YAML said, and where.
/// Aliases are already expanded, so a Value is a plain tree.
class Value {
 public:
  enum class Kind { null, scalar, sequence, mapping };

  static Value null(Location where = {});
  static Value scalar(std::string text, Location where = {}, bool quoted = false);
  static Value sequence(Location where = {});
  static Value mapping(Location where = {});

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_scalar() const { return kind_ == Kind::scalar; }
  bool is_sequence() const { return kind_ == Kind::sequence; }
  bool is_mapping() const { return kind_ == Kind::mapping; }
  /// "a mapping", "a list", "nothing" or the scalar in quotes: for error messages.
  std::string describe() const;

  std::string text;             ///< of a scalar
  bool quoted = false;          ///< a scalar in quotes is a string whatever it looks like
  std::vector<Value> items;     ///< of a sequence
  std::vector<Member> members;  ///< of a mapping, in the order written
  Location where;

  /// The member named `key`, or nullptr.
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  /// Where the member named `key` was written; without one, where this value was: for messages about it.
  const Location& at(std::string_view key) const {
    const Value* member = find(key);
    return member ? member->where : where;
  }
  /// Adds or replaces the member named `key`.
  void set(std::string_view key, Value value);
  /// Removes the member named `key`; returns whether there was one.
  bool erase(std::string_view key);
  /// Number of nodes in this tree, this one included.
  std::size_t node_count() const;

 private:
  Kind kind_ = Kind::null;
};

/// A key of a mapping with its value.
struct Member {
  std::string key;
  Location where;
  Value value;
};

}  // namespace talweg::config
