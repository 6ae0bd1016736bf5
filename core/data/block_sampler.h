#pragma once

#include <vector>

#include "core/config/component.h"
#include "core/data/sampler.h"

namespace talweg::data {

struct BlockSamplerOptions {
  std::int64_t block = 65536;
  std::int64_t window = 16;
};
void declare(config::Fields& f, BlockSamplerOptions& o);

/// Every example once per epoch, in an order for data on a disk: blocks of neighbours come in random order, and the
/// examples of `window` blocks at a time are mixed. Memory and time of a step follow the window, not the data; with a
/// window of all blocks it is a shuffle. A pure function of the step, so that a run resumes in the middle of an epoch.
class BlockSampler : public Sampler {
 public:
  BlockSampler(const BlockSamplerOptions& options, const SamplingPlan& plan);
  void sample(std::int64_t step, std::vector<std::int64_t>& indices) override;
  double steps_per_epoch() const override { return static_cast<double>(steps_per_epoch_); }
  /// What `sequential` promises: an example is used once per epoch, and no order is as likely as any other.
  std::optional<Sampling> sampling() const override { return Sampling::sequential; }

 private:
  void begin_epoch(std::int64_t epoch);
  void begin_window(std::size_t window);

  SamplingPlan plan_;
  BlockSamplerOptions options_;
  std::int64_t steps_per_epoch_ = 0, epoch_ = -1;
  std::vector<std::int64_t> blocks_;  // of the epoch, in their order
  std::vector<std::int64_t> begins_;  // of windows, as places of the epoch's order
  std::size_t window_ = 0;            // whose order is at hand
  std::vector<std::int64_t> order_;
};

}  // namespace talweg::data
