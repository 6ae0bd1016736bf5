#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/data/dataset.h"
#include "core/random/random_streams.h"
#include "models/in_context/in_context_model.h"
#include "tasks/in_context_regression/covariance.h"

namespace talweg::tasks {

/// Where the tokens w_1 … w_k of a training path come from.
enum class PathSource {
  empirical,  ///< gradient descent on the prompt's own examples: w_{i+1} = w_i − η/n·X(Xᵀw_i − y)
  ideal,      ///< what it would be with infinitely many examples and Σ = I: w_i = (1 − (1 − η)^i)·w*
};
inline std::vector<std::pair<std::string, PathSource>> choices(PathSource) {
  return {{"empirical", PathSource::empirical}, {"ideal", PathSource::ideal}};
}

/// The law of the prompts: x ~ N(0, Σ), w* ~ N(0, I), y = ⟨w*, x⟩ + noise.
struct PromptLaw {
  std::int64_t dimension = 10, examples = 20;  ///< d, n
  std::int64_t steps = 10;                     ///< k, the length of the path
  double step_size = 0.4;                      ///< η of the path
  double noise = 0;                            ///< standard deviation of the labels' noise
  PathSource path = PathSource::empirical;
  Covariance covariance;
  std::optional<std::int64_t> active_dimension;  ///< further coordinates of x and w* are zero
};

/// A number that grows with the steps of a run: min(end, start + increment·⌊step/every⌋).
struct Growth {
  std::int64_t start = 1, increment = 1, every = 2000;
  std::int64_t at(std::int64_t step, std::int64_t end) const;
};
void declare(config::Fields& f, Growth& o);

/// From easy prompts to those of the law. Source: Garg et al. 2022.
struct Curriculum {
  std::optional<Growth> dimension;  ///< active coordinates, up to d
  std::optional<Growth> examples;   ///< examples per prompt, up to n
};
void declare(config::Fields& f, Curriculum& o);

/// Prompts with what they hide.
struct DrawnPrompts {
  models::Prompts prompts;
  at::Tensor weights;  ///< w* [B, d]
  at::Tensor path;     ///< w_0 = 0, …, w_k [B, k + 1, d]

  data::Batch to_batch() const;
  static DrawnPrompts from_batch(const data::Batch& batch);
};

/// One prompt for every key, a function of law and key alone. On the CPU the numbers are drawn in float64, so that both
/// precisions see the same prompts, and the tensors keep the prompts innermost in memory; elsewhere the device's
/// generator, seeded with the first key, draws them there.
DrawnPrompts draw_prompts(const PromptLaw& law, std::span<const std::uint64_t> keys, at::Device device,
                          at::ScalarType dtype);

/// `count` prompts whose keys are elements 0, 1, … of the stream `name`.
DrawnPrompts draw_prompts(const PromptLaw& law, std::int64_t count, const RandomStreams& streams, std::string_view name,
                          at::Device device, at::ScalarType dtype);

/// Fresh prompts at every step: those of a step are a function of the seed, the step and their indices.
class PromptStream : public data::Dataset {
 public:
  /// `size` prompts count as an epoch.
  PromptStream(PromptLaw law, const Curriculum& curriculum, std::int64_t size, const RandomStreams& streams,
               at::Device device, at::ScalarType dtype);
  std::int64_t size() const override { return size_; }
  data::Batch batch(std::span<const std::int64_t> indices, std::int64_t step) const override;

 private:
  PromptLaw law_at(std::int64_t step) const;

  PromptLaw law_;
  Curriculum curriculum_;
  std::int64_t size_;
  RandomStreams streams_;
  at::Device device_;
  at::ScalarType dtype_;
};

}  // namespace talweg::tasks
