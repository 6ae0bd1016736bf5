#pragma once

#include <optional>

#include "core/privacy/bounded_chain.h"
#include "core/privacy/published_bounds.h"
#include "core/study/study.h"

namespace talweg::tasks {

/// Unit in which the length of a training is counted.
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

/// Bounds on the Rényi loss ε(α) of DP-SGD with a hidden state, as the figures of Liang et al. 2026 draw them. A step
/// is one of: the search for the one unknown of their theorem 3.4, the share β of the noise that pays for the
/// gradients, whose best value is known in closed form; a curve; a step of the exact chain, where it is asked for.
class PrivacyBounds : public Study {
 public:
  PrivacyBounds(const PrivacyBoundsOptions& options, const StudyContext& context);

  std::int64_t steps() const override;
  void step(std::int64_t index) override;
  /// "split" (β as the search found it), "best_split", "saturation" (the step at which the bound becomes flat); the
  /// first bound at every T of `at` as "BOUND_T", the others at the last T as "BOUND". With several batch sizes b the
  /// names go on with "_bB", and "share_bB" is the first bound relative to its largest value at the last T.
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state, std::int64_t steps) override;

 private:
  privacy::BoundSetting setting(std::int64_t batch) const;
  std::int64_t curve_count() const;
  std::int64_t last_time() const;
  /// ε(α) of the named bound after `duration` steps or epochs.
  double bound(const std::string& name, std::int64_t batch, double duration) const;
  double find_split() const;
  plot::Series curve(std::int64_t index) const;
  void step_chain();
  plot::Figure curve_figure() const;
  plot::Figure chain_figure() const;

  PrivacyBoundsOptions options_;
  std::optional<double> split_;
  std::vector<plot::Series> curves_;  // those that were computed
  std::optional<privacy::BoundedChain> chain_;
  std::vector<double> divergences_;  // of the chain, step by step
};

}  // namespace talweg::tasks
