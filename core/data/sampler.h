#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/config/component.h"
#include "core/data/dataset.h"
#include "core/random/random_streams.h"
#include "core/random/sampling.h"

namespace talweg::data {

/// The data set, batch size and randomness that a sampler draws from.
struct SamplingPlan {
  const Dataset& data;      ///< must outlive the sampler
  std::int64_t batch_size;  ///< ≥ 1; of Poisson sampling the expected size
  RandomStreams streams;
};

/// Decides which examples form the batch of a step: a pure function of the plan and the step, so that a
/// resumed run continues exactly, and ranks agree without talking.
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// The indices of step `step` (from 0), into `indices`, which is overwritten.
  virtual void sample(std::int64_t step, std::vector<std::int64_t>& indices) = 0;
  /// Number of steps after which every example was used once (on average for random samplers).
  virtual double steps_per_epoch() const = 0;
  /// The law by which it draws, where that is one of the known ways.
  virtual std::optional<Sampling> sampling() const = 0;
};

struct SamplerKind {
  static constexpr const char* name = "sampler";
  using Signature = std::unique_ptr<Sampler>(const SamplingPlan&);
};

/// Registers `shuffle`, `sequential`, `blocks`, `uniform` and `poisson`. Calling it again does nothing.
void register_samplers();

}  // namespace talweg::data
