#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/config/catalogue.h"
#include "core/config/fields.h"
#include "core/io/closest_word.h"

namespace talweg::config {

/// The options of one component, with their type erased but for the ability to build the product.
template <class Product, class... Args>
class BoundOptions {
 public:
  virtual ~BoundOptions() = default;
  virtual Fields fields() = 0;
  virtual void parse(const Value& value, Diagnostics& diagnostics) = 0;
  virtual Product create(Args... args) const = 0;
};

template <class Kind, class Signature>
class RegistryOf;

/// All components of one kind, by name. A kind is a tag:
///
///     struct OptimizerKind {
///       static constexpr const char* name = "optimizer";
///       using Signature = std::unique_ptr<Optimizer>(const ParameterList&);
///     };
///
/// Libraries fill the registries in their register_components(); registering a name twice is a defect
/// (std::logic_error).
template <class Kind, class Product, class... Args>
class RegistryOf<Kind, Product(Args...)> : public AnyRegistry {
 public:
  using Bound = BoundOptions<Product, Args...>;

  static RegistryOf& instance() {
    static RegistryOf registry;
    return registry;
  }

  /// Registers `name`: its options (a Declared struct), a sentence on what it is, where it comes from
  /// (paper and section, or "ours"), how it is built from its options, and what it can be used for beyond what its kind
  /// promises, in words that names_with() finds.
  template <Declared Options>
  void add(const std::string& name, const std::string& summary, const std::string& source,
           std::function<Product(const Options&, Args...)> create, std::vector<std::string> abilities = {}) {
    struct Concrete : Bound {
      explicit Concrete(std::function<Product(const Options&, Args...)> c) : create_(std::move(c)) {}
      Fields fields() override { return fields_of(options_); }
      void parse(const Value& value, Diagnostics& diagnostics) override {
        parse_into(value, options_, diagnostics, {"type"});
      }
      Product create(Args... args) const override { return create_(options_, std::forward<Args>(args)...); }
      Options options_;
      std::function<Product(const Options&, Args...)> create_;
    };
    for (const Entry& entry : entries_)
      if (entry.name == name) throw std::logic_error(fmt::format("{} '{}' is registered twice", Kind::name, name));
    entries_.push_back(
        {name, summary, source, std::move(abilities), [create] { return std::make_shared<Concrete>(create); }});
  }

  /// Registers a class T that is made from its options and the arguments of the kind.
  template <class T, Declared Options>
  void add(const std::string& name, const std::string& summary, const std::string& source) {
    add<Options>(name, summary, source, [](const Options& options, Args... args) {
      return Product(new T(options, std::forward<Args>(args)...));
    });
  }

  /// Fresh options of the component `name` with their defaults, or null when there is no such component.
  std::shared_ptr<Bound> make(const std::string& name) const {
    for (const Entry& entry : entries_)
      if (entry.name == name) return entry.make();
    return nullptr;
  }

  std::string kind() const override { return Kind::name; }
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const Entry& entry : entries_) names.push_back(entry.name);
    return names;
  }
  std::vector<std::string> names_with(const std::string& ability) const override {
    std::vector<std::string> names;
    for (const Entry& entry : entries_)
      if (std::find(entry.abilities.begin(), entry.abilities.end(), ability) != entry.abilities.end())
        names.push_back(entry.name);
    return names;
  }
  ComponentInfo describe(const std::string& name) const override {
    for (const Entry& entry : entries_) {
      if (entry.name != name) continue;
      auto bound = entry.make();
      const Fields fields = bound->fields();
      return {entry.name, entry.summary, entry.source, entry.abilities, config::describe(fields), fields.schema(name)};
    }
    throw std::out_of_range(name);
  }

 private:
  struct Entry {
    std::string name, summary, source;
    std::vector<std::string> abilities;
    std::function<std::shared_ptr<Bound>()> make;
  };
  RegistryOf() { Catalogue::instance().add(this); }
  std::vector<Entry> entries_;
};

template <class Kind>
using Registry = RegistryOf<Kind, typename Kind::Signature>;

template <class Kind, class Signature>
class ComponentOf;

/// A choice of one component of a kind with its options: `{type: NAME, option: value…}`, or the bare NAME.
template <class Kind, class Product, class... Args>
class ComponentOf<Kind, Product(Args...)> {
 public:
  ComponentOf() = default;
  /// The component `type` with default options, until the configuration chooses another.
  explicit ComponentOf(std::string type) : type_(std::move(type)) {}
  /// The component `type` with options by their names and values in YAML, {"armijo", {{"c", "0.1"}}}, until the
  /// configuration chooses another.
  ComponentOf(std::string type, const std::vector<std::pair<std::string, std::string>>& options)
      : type_(std::move(type)), default_options_(Value::mapping()) {
    for (const auto& [name, value] : options) default_options_.set(name, Value::scalar(value));
  }

  /// Another option of the default component, which may be a section.
  void set_default(const std::string& name, Value value) { default_options_.set(name, std::move(value)); }

  const std::string& type() const { return type_; }
  /// No component was chosen and there is no default.
  bool empty() const { return type_.empty(); }

  /// Builds the product from the chosen options.
  Product create(Args... args) const { return bound().create(std::forward<Args>(args)...); }

  bool parse(const Value& value, Diagnostics& diagnostics, const std::string& name) {
    const Value* type = value.is_mapping() ? value.find("type") : &value;
    if (!type && !type_.empty()) {
      // Options of the default component may be given without repeating its name.
      return bind(type_, value, diagnostics, nullptr, default_options_);
    }
    if (!type || !type->is_scalar()) {
      diagnostics.error(value.where, fmt::format("'{}' takes a {} ('{{type: NAME, …}}'){}", name, Kind::name,
                                                 io::suggestion("", Registry<Kind>::instance().names())));
      return false;
    }
    return bind(type->text, value, diagnostics, &type->where);
  }
  Value dump() const {
    Value mapping = Value::mapping();
    mapping.set("type", Value::scalar(type_));
    if (type_.empty()) return Value::null();
    for (Member& member : bound().fields().dump().members) mapping.members.push_back(std::move(member));
    return mapping;
  }

 private:
  using Bound = BoundOptions<Product, Args...>;

  bool bind(const std::string& type, const Value& value, Diagnostics& diagnostics, const Location* where = nullptr,
            const Value& defaults = Value::mapping()) {
    auto made = Registry<Kind>::instance().make(type);
    if (!made) {
      diagnostics.error(
          where ? *where : value.where,
          fmt::format("there is no {} '{}'{}{}", Kind::name, type,
                      io::suggestion(type, Registry<Kind>::instance().names()), other_kinds_of(type, Kind::name)));
      return false;
    }
    type_ = type;
    bound_ = std::move(made);
    const std::size_t before = diagnostics.messages().size();
    const Value empty = Value::mapping(value.where);
    if (!defaults.members.empty()) bound_->parse(defaults, diagnostics);
    bound_->parse(value.is_mapping() ? value : empty, diagnostics);
    return diagnostics.messages().size() == before;
  }

  Bound& bound() const {
    if (bound_) return *bound_;
    bound_ = Registry<Kind>::instance().make(type_);
    if (!bound_) throw std::logic_error(fmt::format("no {} '{}' is registered", Kind::name, type_));
    if (default_options_.members.empty()) return *bound_;
    Diagnostics diagnostics;
    bound_->parse(default_options_, diagnostics);
    if (!diagnostics.messages().empty())
      throw std::logic_error(
          fmt::format("default options of {} '{}': {}", Kind::name, type_, diagnostics.messages().front()));
    return *bound_;
  }

  std::string type_;
  Value default_options_ = Value::mapping();  // of the default type, before the configuration is read
  mutable std::shared_ptr<Bound> bound_;
};

template <class Kind>
using Component = ComponentOf<Kind, typename Kind::Signature>;

template <class Kind, class Signature>
struct Converter<ComponentOf<Kind, Signature>> {
  using T = ComponentOf<Kind, Signature>;
  static std::string type() { return Kind::name; }
  static bool parse(const Value& value, T& target, Diagnostics& diagnostics, const std::string& name) {
    return target.parse(value, diagnostics, name);
  }
  static Value dump(const T& value) { return value.dump(); }
  static nlohmann::json schema() {
    // Registering the reference makes the schema's definitions complete even for a kind with no component yet.
    RegistryOf<Kind, Signature>::instance();
    return {{"$ref", fmt::format("#/definitions/{}", Kind::name)}};
  }
};

}  // namespace talweg::config
