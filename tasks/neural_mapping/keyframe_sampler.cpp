#include "tasks/neural_mapping/keyframe_sampler.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/libtorch.h"
#include "tasks/neural_mapping/distinct_draws.h"

namespace talweg::tasks {
namespace {

/// `count` of the numbers below `bound`.
void draw(std::int64_t count, std::int64_t bound, bool distinct, RandomGenerator& random,
          std::vector<std::int64_t>& to) {
  if (distinct) return draw_distinct(count, bound, random, to);
  for (std::int64_t i = 0; i < count; ++i)
    to.push_back(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(bound))));
}

}  // namespace

void declare(config::Fields& f, KeyframeOptions& o) {
  f("every", o.every, "frames from one key-frame to the next; the first frame is one", config::at_least(1));
  f("steps_of_frame", o.steps_of_frame, "steps until the next frame comes in", config::at_least(1));
  f("steps_of_first", o.steps_of_first, "steps while there is the first frame alone", config::at_least(1));
  f("current_share", o.current_share,
    "share of a batch that is of the current frame (default: 'batch_size' rays of key-frames, and beside them those of "
    "'least_current')",
    config::at_least(0), config::at_most(1));
  f("least_current", o.least_current,
    "rays of the current frame at least, while 'current_share' is not given; more while there are few key-frames",
    config::at_least(0));
}

KeyframeSampler::KeyframeSampler(const KeyframeOptions& options, const data::SamplingPlan& plan)
    : options_(options), batch_size_(plan.batch_size), streams_(plan.streams) {
  constexpr std::int64_t kAtOnce = 65536;
  std::map<std::int64_t, std::vector<std::int64_t>> of_frames;
  std::vector<std::int64_t> indices;
  for (std::int64_t begin = 0; begin < plan.data.size(); begin += kAtOnce) {
    indices.clear();
    for (std::int64_t i = begin; i < std::min(plan.data.size(), begin + kAtOnce); ++i) indices.push_back(i);
    const data::Batch batch = plan.data.batch(indices, 0);
    const at::Tensor depths = batch.tensors[3].cpu(), numbers = batch.tensors[4].cpu();
    for (std::int64_t i = 0; i < batch.size; ++i) {
      if (depths.const_data_ptr<float>()[i] >= 0)
        of_frames[numbers.const_data_ptr<std::int64_t>()[i]].push_back(begin + i);
    }
  }
  for (auto& item : of_frames) frames_.push_back(std::move(item.second));
  if (frames_.empty()) throw ConfigError("task.data: none of the frames has a ray that is there");
  stored_.push_back(0);
  for (std::size_t f = 0; f < frames_.size(); ++f) {
    if (static_cast<std::int64_t>(f) % options_.every == 0)
      rays_.insert(rays_.end(), frames_[f].begin(), frames_[f].end());
    stored_.push_back(static_cast<std::int64_t>(rays_.size()));
  }
}

double KeyframeSampler::steps_per_epoch() const {
  return static_cast<double>(options_.steps_of_first +
                             (static_cast<std::int64_t>(frames_.size()) - 1) * options_.steps_of_frame);
}

std::int64_t KeyframeSampler::frames_until(std::int64_t step) const {
  const std::int64_t later =
      step < options_.steps_of_first ? 0 : 1 + (step - options_.steps_of_first) / options_.steps_of_frame;
  return std::min(later + 1, static_cast<std::int64_t>(frames_.size()));
}

void KeyframeSampler::sample(std::int64_t step, std::vector<std::int64_t>& indices) {
  const std::int64_t come = frames_until(step);
  const std::vector<std::int64_t>& current = frames_[static_cast<std::size_t>(come - 1)];
  const auto here = static_cast<std::int64_t>(current.size());
  RandomGenerator random = streams_.generator("rays", static_cast<std::uint64_t>(step));
  indices.clear();
  std::vector<std::int64_t> drawn;
  if (come == 1) {
    draw(batch_size_, here, batch_size_ <= here, random, drawn);
    for (const std::int64_t i : drawn) indices.push_back(current[static_cast<std::size_t>(i)]);
    return;
  }
  // Key-frames before the current frame; it becomes one itself when the next comes in.
  const bool over =
      come == static_cast<std::int64_t>(frames_.size()) && step >= static_cast<std::int64_t>(steps_per_epoch());
  const std::int64_t stored = stored_[static_cast<std::size_t>(over ? come : come - 1)];
  std::int64_t of_stored = batch_size_, of_current = 0;
  if (options_.current_share) {
    of_current = std::llround(*options_.current_share * static_cast<double>(batch_size_));
    of_stored = batch_size_ - of_current;
  } else {
    const std::int64_t keyframes = (come - 2) / options_.every + 1;
    of_current = std::max(batch_size_ / keyframes, options_.least_current);
  }
  const bool distinct = !options_.current_share;
  draw(of_stored, stored, distinct && of_stored <= stored, random, drawn);
  for (const std::int64_t i : drawn) indices.push_back(rays_[static_cast<std::size_t>(i)]);
  drawn.clear();
  draw(of_current, here, distinct && of_current <= here, random, drawn);
  for (const std::int64_t i : drawn) indices.push_back(current[static_cast<std::size_t>(i)]);
}

}  // namespace talweg::tasks
