#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/config/option_info.h"

namespace talweg::config {

/// A registered component as `talweg list` and `talweg describe` show it.
struct ComponentInfo {
  std::string name, summary, source;
  std::vector<std::string> abilities;  ///< what it can be used for beyond what its kind promises
  std::vector<OptionInfo> options;
  nlohmann::json schema;  ///< of its options, with the constant property `type`
};

/// A registry with the type of its products erased.
class AnyRegistry {
 public:
  virtual ~AnyRegistry() = default;
  virtual std::string kind() const = 0;
  virtual std::vector<std::string> names() const = 0;
  /// The components that were registered with this ability.
  virtual std::vector<std::string> names_with(const std::string& ability) const = 0;
  /// Throws std::out_of_range for a name that is not registered.
  virtual ComponentInfo describe(const std::string& name) const = 0;
};

/// Every registry that exists, for listing, describing and the JSON schema.
class Catalogue {
 public:
  static Catalogue& instance();
  void add(const AnyRegistry* registry);
  /// In the order of their kinds' names.
  const std::vector<const AnyRegistry*>& registries() const { return registries_; }
  /// The registry of a kind, or nullptr.
  const AnyRegistry* find(const std::string& kind) const;

 private:
  std::vector<const AnyRegistry*> registries_;
};

/// "; there is a study of that name" when other kinds than `kind` have a component called `name`, else nothing.
std::string other_kinds_of(const std::string& name, const std::string& kind);

}  // namespace talweg::config
