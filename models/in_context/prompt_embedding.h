#pragma once

#include <ATen/core/Tensor.h>

#include "models/in_context/in_context_model.h"

namespace talweg::models {

/// The row blocks of a token of 2d + 2 numbers: x (d rows), y, w (d rows), and a one that marks the tokens of the chain
/// of thought. The lower half is (w, 1), the upper half an example (x, y). Source: Javanmard et al. 2026, eq. 3.2.
struct PromptLayout {
  std::int64_t dimension;  ///< d

  std::int64_t size() const { return 2 * dimension + 2; }  ///< D
  std::int64_t half() const { return dimension + 1; }
  std::int64_t label_row() const { return dimension; }
  std::int64_t weight_row() const { return dimension + 1; }
  std::int64_t ones_row() const { return 2 * dimension + 1; }
};

/// Z [B, 2d + 2, n + tokens]: the context, then one column (0, 0, w_i, 1) for each of the weights [B, tokens, d].
at::Tensor embed(const Prompts& prompts, const at::Tensor& weights);

/// w_0 = 0 for every prompt: [B, 1, d].
at::Tensor initial_weights(const Prompts& prompts);

}  // namespace talweg::models
