#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "core/privacy/mechanism.h"

namespace talweg::privacy {

/// Releases made so far: mechanisms and how many steps were made with each, in order. It travels with the
/// checkpoint, so that a resumed run continues to count. Equal neighbours are merged: 400 + 600 steps are 1000 steps.
class Ledger {
 public:
  struct Entry {
    Mechanism mechanism;
    std::int64_t steps = 0;

    bool operator==(const Entry&) const = default;
  };

  Ledger() = default;
  /// A run of `steps` equal steps.
  Ledger(const Mechanism& mechanism, std::int64_t steps) { record(mechanism, steps); }

  /// Adds `steps` ≥ 0 steps. Called before the noisy gradient of a step is used, whatever its batch holds: an empty
  /// batch counts. Throws ConfigError when the mechanism makes no sense.
  void record(const Mechanism& mechanism, std::int64_t steps = 1);

  const std::vector<Entry>& entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }
  std::int64_t steps() const;

  bool operator==(const Ledger&) const = default;

 private:
  std::vector<Entry> entries_;
};

nlohmann::json to_json(const Ledger& ledger);
/// Throws DataError when `json` is no ledger.
Ledger ledger_from_json(const nlohmann::json& json);

}  // namespace talweg::privacy
