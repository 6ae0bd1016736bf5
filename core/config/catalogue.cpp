#include "core/config/catalogue.h"

#include <algorithm>

namespace talweg::config {

Catalogue& Catalogue::instance() {
  static Catalogue catalogue;
  return catalogue;
}

void Catalogue::add(const AnyRegistry* registry) {
  registries_.push_back(registry);
  std::sort(registries_.begin(), registries_.end(),
            [](const AnyRegistry* a, const AnyRegistry* b) { return a->kind() < b->kind(); });
}

const AnyRegistry* Catalogue::find(const std::string& kind) const {
  for (const AnyRegistry* registry : registries_)
    if (registry->kind() == kind) return registry;
  return nullptr;
}

std::string other_kinds_of(const std::string& name, const std::string& kind) {
  std::string others;
  for (const AnyRegistry* registry : Catalogue::instance().registries()) {
    const std::vector<std::string> names = registry->names();
    if (registry->kind() != kind && std::find(names.begin(), names.end(), name) != names.end())
      others += (others.empty() ? "; there is a " : ", a ") + registry->kind() + " of that name";
  }
  return others;
}

}  // namespace talweg::config
