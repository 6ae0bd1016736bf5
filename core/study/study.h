#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/checkpoint/state.h"
#include "core/config/component.h"
#include "core/metrics/record.h"
#include "core/plot/figure.h"
#include "core/random/random_streams.h"

namespace talweg {

/// Where a study computes, and its random numbers.
struct StudyContext {
  at::Device device;
  RandomStreams streams;
};

/// A computation with a state and no optimizer: a figure of closed forms, a sweep, an attack with the trainings that it
/// needs. It goes in steps that are units of work short enough for a signal to wait for; building one is no work. A
/// step depends on the options, the streams and the state alone, so that a study which was saved and loaded ends with
/// the very numbers of one that was not.
class Study {
 public:
  virtual ~Study() = default;

  /// Steps in all; ≥ 1.
  virtual std::int64_t steps() const = 0;
  /// How much work the first `steps` steps are, in any unit, for progress that is true where steps differ.
  virtual double work_until(std::int64_t steps) const { return static_cast<double>(steps); }
  /// Steps between two evaluations when the configuration names none; the last step is always followed by one.
  virtual std::int64_t evaluate_every() const { return steps(); }

  /// Makes step `index`, counted from 0. Throws TrainingError.
  virtual void step(std::int64_t index) = 0;
  /// Results after the steps made so far ("split", "diverged"), most telling last; may be empty.
  virtual Metrics evaluate() = 0;
  /// Pictures of what is known, for the report.
  virtual std::vector<plot::Figure> figures() { return {}; }

  /// The state with which a study continues bit for bit.
  virtual checkpoint::State state() const = 0;
  /// Takes over a saved state: that after `steps` steps. Throws DataError naming what is missing.
  virtual void load(const checkpoint::State& state, std::int64_t steps) = 0;
};

/// The kind of component that `study:` chooses. LibTorch's generator is seeded from the stream "initialisation" before.
struct StudyKind {
  static constexpr const char* name = "study";
  using Signature = std::unique_ptr<Study>(const StudyContext&);
};

}  // namespace talweg
