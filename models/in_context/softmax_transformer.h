#pragma once

#include "models/in_context/causal_transformer.h"
#include "models/in_context/in_context_model.h"

namespace talweg::models {

struct SoftmaxTransformerOptions {
  CausalTransformerOptions stack;
};
void declare(config::Fields& f, SoftmaxTransformerOptions& o);
void validate(const SoftmaxTransformerOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Chain of thought outside the linear case: a GPT-2-type transformer on the same tokens as LinearTransformer, whose
/// output at the token of w_i is w_{i+1}. It has positions for n examples and k tokens, no more.
class SoftmaxTransformer : public InContextModel {
 public:
  SoftmaxTransformer(const SoftmaxTransformerOptions& options, const InContextShape& shape);
  at::Tensor answers(const Prompts& prompts, std::int64_t steps) override;
  /// Teacher forcing.
  at::Tensor path_loss(const Prompts& prompts, const at::Tensor& path) override;
  std::int64_t most_steps() const override { return steps_; }

 private:
  std::int64_t steps_;
  std::shared_ptr<CausalTransformer> stack_;
};

/// The protocol of Garg et al. 2022: the tokens x_1, y_1, …, x_n, y_n, x_q one by one; the output at x_i is the label
/// of x_i, and every one of the n + 1 is trained. It answers in labels, at once.
class LabelTransformer : public InContextModel {
 public:
  LabelTransformer(const SoftmaxTransformerOptions& options, const InContextShape& shape);
  at::Tensor answers(const Prompts& prompts, std::int64_t steps) override;
  at::Tensor answers_of(const at::Tensor& weights, const Prompts& prompts) const override;
  /// ½ of the mean over i of (ŷ_i − y_i)²; the path has one step, to w*.
  at::Tensor path_loss(const Prompts& prompts, const at::Tensor& path) override;
  std::int64_t most_steps() const override { return 1; }

 private:
  /// ŷ_1 … ŷ_{n+1}: [B, n + 1].
  at::Tensor labels(const Prompts& prompts);

  std::shared_ptr<CausalTransformer> stack_;
};

}  // namespace talweg::models
