#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace talweg::tasks {

/// Numbers ids in the order of their first appearance. `names` must outlive this.
class IdDictionary {
 public:
  explicit IdDictionary(std::vector<std::string>& names) : names_(names) {}
  std::int32_t index_of(const std::string& id) {
    const auto [found, is_new] = indices_.emplace(id, static_cast<std::int32_t>(names_.size()));
    if (is_new) names_.push_back(id);
    return found->second;
  }

 private:
  std::vector<std::string>& names_;
  std::unordered_map<std::string, std::int32_t> indices_;
};

}  // namespace talweg::tasks
