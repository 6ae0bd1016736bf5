#pragma once

#include <functional>

#include "core/data/sampler.h"

namespace talweg::tasks {

/// Batches that a schedule of assets names, whatever the batch size.
class AssetTurns : public data::Sampler {
 public:
  using Schedule = std::function<std::vector<std::int64_t>(std::int64_t step)>;
  /// `law` is told to accountants of privacy.
  AssetTurns(Schedule schedule, std::optional<Sampling> law, const data::SamplingPlan& plan)
      : schedule_(std::move(schedule)), law_(law), examples_(plan.data.size()) {}
  void sample(std::int64_t step, std::vector<std::int64_t>& indices) override { indices = schedule_(step); }
  double steps_per_epoch() const override {
    return static_cast<double>(examples_) / static_cast<double>(schedule_(0).size());
  }
  std::optional<Sampling> sampling() const override { return law_; }

 private:
  Schedule schedule_;
  std::optional<Sampling> law_;
  std::int64_t examples_;
};

}  // namespace talweg::tasks
