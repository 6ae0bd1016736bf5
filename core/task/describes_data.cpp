#include "core/task/describes_data.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace talweg {
namespace {

/// What became of a value: of two lists the first entry that they do not share.
std::string difference(const nlohmann::json& kept, const nlohmann::json& now) {
  if (!kept.is_array() || !now.is_array()) return fmt::format("{} became {}", kept.dump(), now.dump());
  for (std::size_t i = 0; i < std::min(kept.size(), now.size()); ++i)
    if (kept[i] != now[i]) return fmt::format("number {}, {}, became {}", i + 1, kept[i].dump(), now[i].dump());
  return fmt::format("there were {} and are {}", kept.size(), now.size());
}

}  // namespace

void require_same_meaning(const nlohmann::json& kept, const nlohmann::json& now) {
  for (const auto& [key, value] : kept.items()) {
    const nlohmann::json changed = now.value(key, nlohmann::json());
    if (changed == value) continue;
    if (key == "scaling") {
      fmt::print(stderr,
                 "talweg: the features are scaled by the data as it is now, and were scaled otherwise before\n");
      continue;
    }
    throw DataError(fmt::format(
        "'{}' of the data are others than those that the model was trained with ({}): its inputs and outputs would "
        "mean something else. Begin a new run for this data",
        key, difference(value, changed)));
  }
}

}  // namespace talweg
