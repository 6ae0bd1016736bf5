#pragma once

#include "models/in_context/attention_weights.h"
#include "models/in_context/in_context_model.h"

namespace talweg::models {

enum class LoopInitialization { gaussian, descent };
inline std::vector<std::pair<std::string, LoopInitialization>> choices(LoopInitialization) {
  return {{"gaussian", LoopInitialization::gaussian}, {"descent", LoopInitialization::descent}};
}

struct LabelLoopOptions {
  std::int64_t layers = 1;
  Parametrisation parametrisation = Parametrisation::dense;
  bool train_label_entry = false;
  LoopInitialization initialization = LoopInitialization::gaussian;
  double init_std = 0.02;
  double step_size = 0.4;
};
void declare(config::Fields& f, LabelLoopOptions& o);
void validate(const LabelLoopOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// A looped or multi-layer linear transformer in label space, on tokens (x_i, y_i) and the query (x_q, 0):
///
///     Z ← Z − (1/n)·P·Z·J·(Zᵀ·Q·Z),   J = diag(1, …, 1, 0): the query is not a key,
///
/// with P and Q [d + 1, d + 1] per layer, looped over when there are more steps than layers. P = e_{d+1}e_{d+1}ᵀ and Q
/// = blockdiag(a·I, 0) is one step of gradient descent of size a; −Z[d, n] is the label of the query. Sources: Ahn et
/// al. 2023 (layers); Gatmiry et al. 2024 (loop).
class LabelLoop : public InContextModel {
 public:
  LabelLoop(const LabelLoopOptions& options, const InContextShape& shape);
  /// The label of the query after each step: [B, steps, 1].
  at::Tensor answers(const Prompts& prompts, std::int64_t steps) override;
  at::Tensor answers_of(const at::Tensor& weights, const Prompts& prompts) const override;
  std::vector<std::pair<std::string, at::Tensor>> matrices() override;

  /// Z after `steps` steps: [B, d + 1, n + 1].
  at::Tensor run(const Prompts& prompts, std::int64_t steps);

 private:
  at::Tensor initial(const Prompts& prompts) const;
  at::Tensor step(const at::Tensor& tokens, std::int64_t index) const;

  at::Tensor value(std::size_t layer) const;  // P
  at::Tensor key(std::size_t layer) const;    // Q

  std::int64_t layers_;
  std::vector<at::Tensor> values_, keys_;  // dense: P and Q of each layer; sparse: no P, and A
  at::Tensor trained_, fixed_;             // P = values·trained + fixed, where either is defined
};

}  // namespace talweg::models
