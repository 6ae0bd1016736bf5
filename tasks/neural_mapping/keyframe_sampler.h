#pragma once

#include <optional>
#include <vector>

#include "core/config/fields.h"
#include "core/data/sampler.h"

namespace talweg::tasks {

/// The order in which frames come in, and how the rays of a step are drawn from those that have.
struct KeyframeOptions {
  std::int64_t every = 1;             ///< frames from one key-frame to the next; the first one is one
  std::int64_t steps_of_frame = 10;   ///< optimizer steps until the next frame comes in
  std::int64_t steps_of_first = 200;  ///< those while there is the first frame alone
  std::optional<double> current_share;
  std::int64_t least_current = 100;
};
void declare(config::Fields& f, KeyframeOptions& o);

/// Batches of a camera's stream: most rays from the key-frames so far, the others from the current frame. By default
/// batch_size rays are drawn without replacement from all key-frames, and max(batch_size / key-frames, least_current)
/// come from the current frame on top of them (RAMEN §3.2); with `current_share` that share of batch_size is of the
/// current frame and the rest of key-frames (ours), each with replacement. While the first frame is alone all
/// are its. After the last frame all key-frames are gone on with, and the last frame stays the current one. Rays that
/// are not there are never drawn; a frame without any is passed over.
class KeyframeSampler : public data::Sampler {
 public:
  /// `plan.data` holds batches of RayDataset, perhaps a part of its rays. Throws ConfigError when no ray is there.
  KeyframeSampler(const KeyframeOptions& options, const data::SamplingPlan& plan);
  void sample(std::int64_t step, std::vector<std::int64_t>& indices) override;
  /// Until every frame has come in and had its steps.
  double steps_per_epoch() const override;
  std::optional<Sampling> sampling() const override { return std::nullopt; }

  /// Frames that have come in before step `step` is made, the current one included.
  std::int64_t frames_until(std::int64_t step) const;

 private:
  KeyframeOptions options_;
  std::int64_t batch_size_;
  RandomStreams streams_;
  std::vector<std::vector<std::int64_t>> frames_;  // indices of each frame's rays
  std::vector<std::int64_t> rays_;                 // of key-frames, one after the other
  std::vector<std::int64_t> stored_;               // rays of the key-frames among the first k frames: [frames + 1]
};

}  // namespace talweg::tasks
