#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/data/batch_loader.h"
#include "core/metrics/record.h"
#include "core/optimizer/optimizer.h"
#include "core/random/random_streams.h"
#include "core/task_objective/batch_sharing.h"

namespace talweg {

/// How a training stands to those that run beside it. Alone, it is by itself; SharedTraining makes it one rank of a
/// training that several processes make together.
class SideBySide {
 public:
  virtual ~SideBySide() = default;

  /// Streams of the training's own randomness (order of the data, noise), from those of the run. Data and initial
  /// parameters come from the run's.
  virtual RandomStreams streams_of(const RandomStreams& run) const = 0;
  /// The part of the training data that is the training's own; null: all of it. `data` outlives the part.
  virtual std::unique_ptr<data::Dataset> part_of(const data::Dataset& data) const = 0;
  /// Processes that share every batch, and this one's part of it.
  virtual data::BatchPart part() const = 0;
  virtual std::unique_ptr<BatchSharing> share_batches(const ParameterList& parameters) = 0;

  /// Calls `make`, on the first process before the others: what it prepares in files, they find there.
  virtual void in_turn(const std::function<void()>& make) = 0;
  /// Called once with the optimizer, before its first step. Throws ConfigError when its state cannot be divided as the
  /// configuration asks.
  virtual void take_over(Optimizer& optimizer) = 0;
  /// What the optimizer minimises: the training's own objective, or one around it. `own` and `parameters` outlive it;
  /// `examples`: of the training's own data. Called once.
  virtual Objective& around(Objective& own, const ParameterList& parameters, std::int64_t examples) = 0;
  /// The loss of the training's own objective in a step whose report is of the one around it.
  virtual at::Tensor own_loss(const at::Tensor& reported) const = 0;
  /// Whether parameters between the first step and the last are shown to others.
  virtual bool shows_iterates() const = 0;
  /// Called after every step of the optimizer.
  virtual void after_step() = 0;
  /// The optimizer's state with what other processes keep of it, where a checkpoint is written.
  virtual OptimizerState whole(OptimizerState own) = 0;

  /// Stops processes that did not come to the same parameters; floating-point buffers become the first one's.
  /// Throws SystemError.
  virtual void require_equal(const ParameterList& parameters, const std::vector<at::Tensor>& buffers) = 0;
  /// Decisions are made from the first process's numbers.
  virtual void take_first(Metrics& values) = 0;
  /// The cost of being several: of the `steps` made in `seconds` since the last call.
  virtual Metrics report(std::int64_t steps, double seconds) = 0;
  /// The cost of being several in the whole session, as sections of the summary.
  virtual nlohmann::json remarks() const = 0;
};

/// A training that nothing runs beside.
class Alone : public SideBySide {
 public:
  RandomStreams streams_of(const RandomStreams& run) const override { return run; }
  std::unique_ptr<data::Dataset> part_of(const data::Dataset&) const override { return nullptr; }
  data::BatchPart part() const override { return {}; }
  std::unique_ptr<BatchSharing> share_batches(const ParameterList&) override { return std::make_unique<WholeBatch>(); }
  void in_turn(const std::function<void()>& make) override { make(); }
  void take_over(Optimizer&) override {}
  Objective& around(Objective& own, const ParameterList&, std::int64_t) override { return own; }
  at::Tensor own_loss(const at::Tensor& reported) const override { return reported; }
  bool shows_iterates() const override { return false; }
  void after_step() override {}
  OptimizerState whole(OptimizerState own) override { return own; }
  void require_equal(const ParameterList&, const std::vector<at::Tensor>&) override {}
  void take_first(Metrics&) override {}
  Metrics report(std::int64_t, double) override { return {}; }
  nlohmann::json remarks() const override { return nlohmann::json::object(); }
};

}  // namespace talweg
