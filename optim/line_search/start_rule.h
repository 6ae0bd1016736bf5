#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "core/config/component.h"
#include "optim/line_search/acceptance.h"

namespace talweg::optim {

/// Facts that a start rule may look at.
struct StartContext {
  SearchPoint point;
  double largest_step = 0;       ///< η_max
  double last_step = 0;          ///< accepted last, 0 before the first search
  double last_squared_norm = 0;  ///< ‖∇f‖² of the last step, 0 before
  double squared_norm = 0;       ///< ‖∇f‖² now
  std::int64_t last_backtracks = 0;
  double batch_share = 1;  ///< batch over training data
  bool epoch_begins = true;
};

/// The first trial of a search. The search caps it at η_max.
class StartRule {
 public:
  virtual ~StartRule() = default;
  virtual double first_step(const StartContext& context) = 0;
  /// The rule's state between searches.
  virtual void save(nlohmann::json&) const {}
  virtual void load(const nlohmann::json&) {}
};

/// The kind of component that `start:` chooses: max, keep, grow, init, epoch, bb_ratio, polyak.
struct StartRuleKind {
  static constexpr const char* name = "start";
  using Signature = std::unique_ptr<StartRule>();
};

/// Registers every start rule. Calling it again does nothing.
void register_start_rules();

}  // namespace talweg::optim
