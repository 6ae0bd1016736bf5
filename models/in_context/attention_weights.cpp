#include "models/in_context/attention_weights.h"

#include <cmath>

#include "core/libtorch.h"
#include "models/in_context/prompt_embedding.h"

namespace talweg::models {
namespace {

/// `block` [d, d] at (row, column) of a matrix [size, size] of zeros.
at::Tensor placed(const at::Tensor& block, std::int64_t row, std::int64_t column, std::int64_t size) {
  return at::constant_pad_nd(block, {column, size - column - block.size(1), row, size - row - block.size(0)});
}

/// UΛUᵀ with a random rotation U and Λ equally spaced in [1 − spread, 1 + spread]; the identity without spread.
at::Tensor aligned_block(std::int64_t d, double spread) {
  if (spread == 0) return at::eye(d, at::kDouble);
  const at::Tensor rotation = std::get<0>(at::linalg_qr(at::randn({d, d}, at::kDouble)));
  return (rotation * at::linspace(1 - spread, 1 + spread, d, at::kDouble)).mm(rotation.t());
}

}  // namespace

void declare(config::Fields& f, AttentionOptions& o) {
  using config::above;
  using config::at_least;
  using config::at_most;
  f("parametrisation", o.parametrisation,
    "what is trained: all of V and W, or the blocks V_31, W_13 and W_24 of the theory alone");
  f("freeze_w24", o.freeze_w24, "hold W_24 at −1 (default: in the sparse parametrisation)");
  f("normalizer", o.normalizer, "lambda: the number of examples n, or the length of the prompt so far");
  f("zero_unused_w_columns", o.zero_unused_w_columns,
    "start the columns of W that meet the x and y rows at zero: teacher forcing gives them no gradient");
  f("initialization", o.initialization,
    "gaussian: N(0, init_std²); aligned: V_31 = −sigma·UΛUᵀ, W_13 = sigma·UΛUᵀ; descent: gradient descent by hand");
  f("init_std", o.init_std, "standard deviation of the gaussian initialization", at_least(0));
  f("init_scale", o.init_scale, "sigma of the aligned initialization", above(0));
  f("init_spread", o.init_spread, "eigenvalues Λ of the aligned initialization: equally spaced in 1 ± this",
    at_least(0), at_most(1));
  f("step_size", o.step_size, "eta of the initialization by hand", above(0));
}

AttentionWeights::AttentionWeights(const AttentionOptions& options, std::int64_t dimension)
    : options_(options),
      dimension_(dimension),
      frozen_(options.freeze_w24.value_or(options.parametrisation == Parametrisation::sparse)) {
  const PromptLayout layout{dimension};
  const std::int64_t d = dimension, size = layout.size(), row = layout.weight_row();
  const bool gaussian = options.initialization == AttentionInitialization::gaussian;
  const auto noise = [&](std::int64_t side) { return at::randn({side, side}, at::kDouble) * options.init_std; };
  at::Tensor a, b, c = at::full({}, -1.0, at::kDouble);
  if (options.initialization == AttentionInitialization::aligned) {
    b = options.init_scale * aligned_block(d, options.init_spread);
    a = -b;
  } else if (options.initialization == AttentionInitialization::descent) {
    b = at::eye(d, at::kDouble);
    a = -options.step_size * b;
  }
  if (options.parametrisation == Parametrisation::sparse) {
    if (gaussian) {
      a = noise(d), b = noise(d);
      if (!frozen_) c = at::randn({}, at::kDouble) * options.init_std;
    }
    value_block_ = register_parameter("V31", a.clone());
    key_block_ = register_parameter("W13", b.clone());
    label_entry_ = frozen_ ? register_buffer("W24", c) : register_parameter("W24", c);
    return;
  }
  at::Tensor v = gaussian ? noise(size) : placed(a, row, 0, size);
  at::Tensor w = gaussian ? noise(size) : placed(b, 0, row, size);
  if (!gaussian) w[layout.label_row()][layout.ones_row()] = -1.0;
  if (options.zero_unused_w_columns) w.narrow(1, 0, layout.half()).zero_();
  if (frozen_) {
    const at::Tensor entry = at::zeros({size, size}, at::kDouble);
    entry[layout.label_row()][layout.ones_row()] = 1.0;
    trained_ = register_buffer("trained", 1 - entry);
    fixed_ = register_buffer("fixed", -entry);
  }
  value_ = register_parameter("V", v);
  key_query_ = register_parameter("W", w);
}

at::Tensor AttentionWeights::value() const {
  if (options_.parametrisation == Parametrisation::dense) return value_;
  const PromptLayout layout{dimension_};
  return placed(value_block_, layout.weight_row(), 0, layout.size());
}

at::Tensor AttentionWeights::key_query() const {
  if (options_.parametrisation == Parametrisation::dense) return frozen_ ? key_query_ * trained_ + fixed_ : key_query_;
  const PromptLayout layout{dimension_};
  return placed(key_block_, 0, layout.weight_row(), layout.size()) +
         placed(label_entry_.view({1, 1}), layout.label_row(), layout.ones_row(), layout.size());
}

std::vector<std::pair<std::string, double>> AttentionWeights::diagnostics() const {
  const PromptLayout layout{dimension_};
  const std::int64_t d = dimension_, row = layout.weight_row();
  const at::Tensor v = value().detach().to(at::kCPU, at::kDouble), w = key_query().detach().to(at::kCPU, at::kDouble);
  const at::Tensor v31 = v.narrow(0, row, d).narrow(1, 0, d), w13 = w.narrow(0, 0, d).narrow(1, row, d);
  const double a = v31.trace().item<double>() / static_cast<double>(d);
  const double b = w13.trace().item<double>() / static_cast<double>(d);
  const auto beside = [&](const at::Tensor& block) {
    return (block - block.diagonal().diag()).abs().max().item<double>();
  };
  return {{"v31", a},
          {"w13", b},
          {"product_v31_w13", a * b},
          {"ratio_w24_w13", w[layout.label_row()][layout.ones_row()].item<double>() / b},
          {"off_diagonal", std::max(beside(v31), beside(w13)) / std::sqrt(std::abs(a * b))}};
}

double AttentionWeights::scale(std::int64_t examples, std::int64_t columns) const {
  return 1 / static_cast<double>(options_.normalizer == Normalizer::examples ? examples : columns);
}

Scales AttentionWeights::scales(std::int64_t examples, std::int64_t steps) const {
  Scales scales;
  for (std::int64_t i = 0; i < steps; ++i) scales.push_back(scale(examples, examples + 1 + i));
  return scales;
}

}  // namespace talweg::models
