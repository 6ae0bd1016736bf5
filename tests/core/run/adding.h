#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "core/run/computation.h"

namespace talweg::testing {

/// What Adding is to do, and when it is to fail.
struct Plan {
  std::int64_t steps = 5;
  Cadence cadence{2, 3, 4, 2};
  std::int64_t finishes_at = -1;
  std::int64_t fails_at = -1;
  io::FileFingerprints files = {};
  LostSteps* lost = nullptr;  ///< where it tells of steps that were lost
};

/// Its state is the sum of the indices of its steps.
class Adding : public Computation {
 public:
  Adding(Plan plan, std::vector<std::string>& asked) : plan_(plan), asked_(asked) {}
  Work work() const override { return {plan_.steps, 0, {}}; }
  Cadence cadence() const override { return plan_.cadence; }
  io::FileFingerprints files() const override { return plan_.files; }
  void require_sound(std::int64_t) override {}
  void step(std::int64_t index) override {
    if (index + 1 == plan_.fails_at) throw TrainingError("failed");
    sum_ += index;
    made_ = index + 1;
    note("step");
  }
  std::string finished() const override { return made_ == plan_.finishes_at ? "nothing is left" : ""; }
  Metrics record() override {
    note("record");
    return {{"train/sum", static_cast<double>(sum_)}};
  }
  Metrics evaluate() override {
    note("evaluate");
    return {{"eval/loss", 10 - static_cast<double>(sum_)}};
  }
  Metrics measure() override {
    note("measure");
    return {};
  }
  double epoch(std::int64_t step) const override { return static_cast<double>(step) / 2; }
  void save(checkpoint::Checkpoint& state) const override { state.values["sum"] = {{"sum", sum_}, {"made", made_}}; }
  void load(const checkpoint::Checkpoint& state) override {
    sum_ = state.values.at("sum").at("sum").get<std::int64_t>();
    made_ = state.values.at("sum").at("made").get<std::int64_t>();
  }
  void count_lost_steps(const LostSteps& lost) override {
    if (plan_.lost) *plan_.lost = lost;
  }
  nlohmann::json account() const override { return {{"adding", {{"sum", sum_}, {"how", "by hand"}}}}; }
  nlohmann::json remarks() const override { return {{"remark", {{"number", 3}}}}; }
  std::vector<plot::Figure> figures(const std::vector<metrics::Record>&) override {
    note("figures");
    return {};
  }

 private:
  void note(const std::string& what) { asked_.push_back(what + " " + std::to_string(made_)); }
  Plan plan_;
  std::vector<std::string>& asked_;
  std::int64_t sum_ = 0, made_ = 0;
};

}  // namespace talweg::testing
