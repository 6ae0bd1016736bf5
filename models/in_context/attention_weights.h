#pragma once

#include <torch/nn/module.h>

#include <optional>

#include "core/config/fields.h"
#include "models/in_context/linear_attention.h"

namespace talweg::models {

/// Which entries of V and W are trained.
enum class Parametrisation {
  dense,   ///< all
  sparse,  ///< the blocks of the theory: V_31 = A, W_13 = B, W_24 = c; all others are zero
};
inline std::vector<std::pair<std::string, Parametrisation>> choices(Parametrisation) {
  return {{"dense", Parametrisation::dense}, {"sparse", Parametrisation::sparse}};
}

/// Normalisation that λ stands for.
enum class Normalizer {
  examples,  ///< n, whatever the length of the prompt
  length,    ///< the number of columns, which grows with every token; exact gradient descent is then out of reach
};
inline std::vector<std::pair<std::string, Normalizer>> choices(Normalizer) {
  return {{"examples", Normalizer::examples}, {"length", Normalizer::length}};
}

enum class AttentionInitialization {
  gaussian,  ///< every trained entry N(0, init_std²)
  aligned,   ///< the assumption of the theory: V_31 = −σUΛUᵀ, W_13 = σUΛUᵀ, W_24 = −1, other entries zero
  descent,   ///< gradient descent by hand: V_31 = −η·I, W_13 = I, W_24 = −1, other entries zero
};
inline std::vector<std::pair<std::string, AttentionInitialization>> choices(AttentionInitialization) {
  return {{"gaussian", AttentionInitialization::gaussian},
          {"aligned", AttentionInitialization::aligned},
          {"descent", AttentionInitialization::descent}};
}

struct AttentionOptions {
  Parametrisation parametrisation = Parametrisation::dense;
  std::optional<bool> freeze_w24;
  Normalizer normalizer = Normalizer::examples;
  bool zero_unused_w_columns = false;
  AttentionInitialization initialization = AttentionInitialization::gaussian;
  double init_std = 0.02;
  double init_scale = 0.25;
  double init_spread = 0;
  double step_size = 0.4;
};
void declare(config::Fields& f, AttentionOptions& o);

/// V and W of one layer of linear attention on prompts of dimension d, both [2d + 2, 2d + 2]: see linear_attention.h.
class AttentionWeights : public torch::nn::Module {
 public:
  AttentionWeights(const AttentionOptions& options, std::int64_t dimension);

  /// V, assembled from what is trained.
  at::Tensor value() const;
  /// W, likewise.
  at::Tensor key_query() const;
  /// "v31" = tr V_31/d and "w13" = tr W_13/d, and what of them does not depend on the gauge V → V/s, W → sW:
  /// "product_v31_w13" of the two, which gradient descent of size η has at −η; "ratio_w24_w13", W_24 over w13, there
  /// −1; "off_diagonal", the largest entry beside the diagonals of V_31 and W_13 over the root of |product_v31_w13|.
  std::vector<std::pair<std::string, double>> diagnostics() const;
  /// 1/λ for the queries of `steps` tokens after the first one, with n examples.
  Scales scales(std::int64_t examples, std::int64_t steps) const;
  /// 1/λ of one query that `columns` columns are visible to.
  double scale(std::int64_t examples, std::int64_t columns) const;

 private:
  AttentionOptions options_;
  std::int64_t dimension_;
  bool frozen_;                         // W_24 is −1
  at::Tensor value_, key_query_;        // dense: V, W
  at::Tensor trained_, fixed_;          // dense with W_24 frozen: W·trained + fixed
  at::Tensor value_block_, key_block_;  // sparse: A, B [d, d]
  at::Tensor label_entry_;              // sparse: c
};

}  // namespace talweg::models
