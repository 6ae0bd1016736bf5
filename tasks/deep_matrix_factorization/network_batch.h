#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace talweg::tasks {

/// Deep linear networks with one target and a step size each, computed side by side on all threads of the CPU in
/// float64. Layer l of all of them is one tensor [blocks, rows, columns, 8]: networks 8k … 8k + 7 in the lanes of block
/// k; of diagonal networks [blocks, modes, 1, 8].
class NetworkBatch {
 public:
  /// `weights` [blocks, 8] multiply the gradients, `limit` bounds ‖W_L⋯W_1 − M‖²: a network beyond it has left, its
  /// gradient is 0 and its loss does not count. `target` is [rows, columns], or [modes, 1] of diagonal networks.
  NetworkBatch(std::vector<std::int64_t> widths, bool diagonal, at::Tensor target, at::Tensor weights, double limit);

  struct Gradient {
    at::Tensor squares;                 ///< ‖W_L⋯W_1 − M‖² of every network [blocks, 8]
    std::vector<at::Tensor> gradients;  ///< weight times the gradient of ½‖·‖²
  };
  Gradient gradient(const std::vector<at::Tensor>& layers) const;
  /// W_L⋯W_1 [blocks, rows, columns, 8].
  at::Tensor products(const std::vector<at::Tensor>& layers) const;
  /// One step of every network, in place; `work` holds the gradients between calls.
  void descend(std::vector<at::Tensor>& layers, Gradient& work) const;
  /// Σ weight·½‖·‖² over the networks that have not left, from their squares.
  at::Tensor weighted(const at::Tensor& squares) const;

  double limit() const { return limit_; }

 private:
  void gradient_into(const std::vector<at::Tensor>& layers, Gradient& result) const;

  std::vector<std::int64_t> widths_;
  bool diagonal_;
  at::Tensor target_, weights_;
  double limit_;
};

}  // namespace talweg::tasks
