#pragma once

#include "core/libtorch.h"
#include "models/in_context/in_context_model.h"

namespace talweg::models {

/// Gaussian prompts, their weights w* [B, d], and k steps of gradient descent from zero, from the definitions.
struct Example {
  Prompts prompts;
  at::Tensor weights, path;
};

inline Example make_example(std::int64_t count, std::int64_t d, std::int64_t n, std::int64_t k, double eta,
                            at::ScalarType dtype = at::kDouble) {
  const at::Tensor x = at::randn({count, d, n}, at::kDouble), w = at::randn({count, d, 1}, at::kDouble);
  const at::Tensor y = w.transpose(1, 2).matmul(x);
  const at::Tensor s = x.matmul(x.transpose(1, 2)) / static_cast<double>(n);
  std::vector<at::Tensor> path{at::zeros_like(w)};
  for (std::int64_t i = 0; i < k; ++i) path.push_back(path.back() - eta * s.matmul(path.back() - w));
  return {{at::cat({x, y}, 1).to(dtype), at::randn({count, d}, at::kDouble).to(dtype)},
          w.squeeze(2).to(dtype),
          at::cat(path, 2).transpose(1, 2).contiguous().to(dtype)};
}

inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

}  // namespace talweg::models
