#pragma once

#include "core/privacy/published_bounds.h"
#include "core/train/task.h"

namespace talweg::tasks {

/// What the bounds are counted in.
enum class Duration { steps, epochs };
inline std::vector<std::pair<std::string, Duration>> choices(Duration) {
  return {{"steps", Duration::steps}, {"epochs", Duration::epochs}};
}

struct PrivacyBoundsOptions {
  double order = 1.1;
  double smoothness = 1;
  double clip_norm = 2;
  double noise = 4;
  double diameter = 1;
  std::int64_t examples = 8;
  std::vector<std::int64_t> batches{2};
  double learning_rate = 0.2;
  double weak_convexity = 1;
  std::vector<std::string> bounds{"bounded_domain"};
  Duration unit = Duration::steps;
  std::vector<std::int64_t> at{10, 50, 200};
  bool exact_chain = false;
};
void declare(config::Fields& f, PrivacyBoundsOptions& o);
void validate(const PrivacyBoundsOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Bounds on the Rényi loss ε(α) of DP-SGD with a hidden state, as the figures of Liang et al. 2026 draw them. What is
/// trained is the one unknown of their theorem 3.4: the share β of the noise that pays for the gradients, by the loss
/// A/β + B/(1 − β) − (√A + √B)² ≥ 0 of the first batch size, with β = 1/(1 + e^{−x}) and x the parameter; its minimum
/// is known in closed form.
class PrivacyBounds : public Task {
 public:
  PrivacyBounds(const PrivacyBoundsOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return data_; }
  /// The excess of the bound over its minimum, relative to it.
  at::Tensor loss(const data::Batch& batch) override;
  /// "loss", "split" (β), "best_split", "saturation" (the step at which the bound becomes flat); the first bound at
  /// every T of `at` as "BOUND_T", the others at the last T as "BOUND". With several batch sizes b the names go on with
  /// "_bB", and "share_bB" is the first bound relative to its largest value at the last T.
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;

 private:
  privacy::BoundSetting setting(std::int64_t batch) const;
  /// ε(α) of the named bound after `duration` steps or epochs.
  double bound(const std::string& name, std::int64_t batch, double duration) const;
  plot::Figure curves() const;
  plot::Figure exact() const;

  PrivacyBoundsOptions options_;
  torch::nn::Module module_;
  data::TensorDataset data_;
  at::Tensor split_;  // x, [1]
};

}  // namespace talweg::tasks
