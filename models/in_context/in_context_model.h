#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <utility>
#include <vector>

#include "core/config/component.h"

namespace talweg::models {

/// Prompts of in-context regression: n examples (x_j, y_j) of one linear map each, and a further input to answer for.
struct Prompts {
  at::Tensor context;  ///< [B, d + 1, n]: x_j above y_j
  at::Tensor query;    ///< x_q [B, d]

  std::int64_t count() const { return context.size(0); }
  std::int64_t dimension() const { return context.size(1) - 1; }
  std::int64_t examples() const { return context.size(2); }
  at::Tensor inputs() const { return context.narrow(1, 0, dimension()); }  ///< X [B, d, n]
  at::Tensor labels() const { return context.select(1, dimension()); }     ///< y [B, n]
  /// The prompts with their first m examples only.
  Prompts with_examples(std::int64_t m) const { return {context.narrow(2, 0, m), query}; }
};

/// Shapes that the data asks of a model.
struct InContextShape {
  std::int64_t dimension;  ///< d
  std::int64_t examples;   ///< n, the most a prompt holds
  std::int64_t steps;      ///< k, the steps of a training path
};

/// A model that answers prompts in steps: by chain of thought, by looping, or at once. An answer is a weight vector ŵ
/// [d], or what it says of the query, the label ŵᵀx_q [1].
class InContextModel : public torch::nn::Module {
 public:
  /// The answers after 1, …, steps steps, each built on the model's own earlier ones: [B, steps, answer].
  virtual at::Tensor answers(const Prompts& prompts, std::int64_t steps) = 0;

  /// The answers that weights [B, s, d] give: [B, s, answer]. The weights themselves unless the model answers in
  /// labels.
  virtual at::Tensor answers_of(const at::Tensor& weights, const Prompts& prompts) const;

  /// ½ Σ_i ‖answer i − answer of w_i‖², i = 1 … k, averaged over prompts; path w_0 = 0, …, w_k [B, k + 1, d].
  /// A model that can be shown w_0 … w_{i−1} when it answers i (teacher forcing) is.
  virtual at::Tensor path_loss(const Prompts& prompts, const at::Tensor& path);

  /// Named matrices worth a look, for heat maps: [rows, columns] each.
  virtual std::vector<std::pair<std::string, at::Tensor>> matrices() { return {}; }

  /// Numbers that tell what the weights have become, by name.
  virtual std::vector<std::pair<std::string, double>> diagnostics() { return {}; }

  /// The largest number of steps that answers() can take; 0: any.
  virtual std::int64_t most_steps() const { return 0; }
};

/// The kind of component that `model:` chooses in in-context regression. Parameters are drawn from LibTorch's
/// generator.
struct InContextModelKind {
  static constexpr const char* name = "in_context_model";
  using Signature = std::shared_ptr<InContextModel>(const InContextShape&);
};

}  // namespace talweg::models
