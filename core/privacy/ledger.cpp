#include "core/privacy/ledger.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace talweg::privacy {

void Ledger::record(const Mechanism& mechanism, std::int64_t steps) {
  if (steps < 0) throw ConfigError(fmt::format("'steps' must be at least 0, found {}", steps));
  if (steps == 0) return;
  if (!entries_.empty() && entries_.back().mechanism == mechanism) {
    entries_.back().steps += steps;
    return;
  }
  check(mechanism);
  entries_.push_back({mechanism, steps});
}

std::int64_t Ledger::steps() const {
  std::int64_t sum = 0;
  for (const Entry& entry : entries_) sum += entry.steps;
  return sum;
}

nlohmann::json to_json(const Ledger& ledger) {
  nlohmann::json list = nlohmann::json::array();
  for (const Ledger::Entry& entry : ledger.entries())
    list.push_back({{"mechanism", to_json(entry.mechanism)}, {"steps", entry.steps}});
  return list;
}

Ledger ledger_from_json(const nlohmann::json& json) {
  if (!json.is_array()) throw DataError("a privacy ledger must be a list of mechanisms and steps");
  Ledger ledger;
  for (const nlohmann::json& entry : json) {
    const auto steps = entry.is_object() ? entry.find("steps") : entry.end();
    if (!entry.is_object() || !entry.contains("mechanism") || steps == entry.end() || !steps->is_number_integer() ||
        steps->get<std::int64_t>() < 0)
      throw DataError("a privacy ledger is damaged: an entry needs 'mechanism' and a number of 'steps'");
    ledger.record(mechanism_from_json(entry["mechanism"]), steps->get<std::int64_t>());
  }
  return ledger;
}

}  // namespace talweg::privacy
