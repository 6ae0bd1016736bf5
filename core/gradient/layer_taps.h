#pragma once

#include <torch/csrc/autograd/function.h>

#include <memory>
#include <vector>

#include "core/gradient/parameter_gradients.h"

namespace talweg::gradient {

/// Where a node of an autograd graph uses a parameter.
struct ParameterUse {
  std::size_t parameter;  ///< index in the list of parameters
  std::size_t slot;       ///< which of the node's inputs it is
  bool transposed;        ///< the node sees the transpose of the parameter
};

/// A node of an autograd graph that uses parameters in a way whose per-example gradient is known in terms of what the
/// node has saved and the gradient δ of its output.
struct Tap {
  std::shared_ptr<torch::autograd::Node> node;
  std::vector<ParameterUse> uses;
  bool is_last = false;  ///< no other tap lies below: the backward pass ends here
};

/// All taps below some losses, found by walking the graph. What a layer multiplied by is read from the graph itself, so
/// models need no hooks, no wrapped modules and no special layers: any code that ends in these operations is covered.
struct TapSearch {
  std::vector<Tap> taps;
  std::vector<bool> used;      ///< parameters the losses depend on
  std::vector<bool> untapped;  ///< of them, those that are (also) used by an operation without a rule
};

/// Operations with a rule: products with a matrix (linear layers with and without bias, of any number of positions, and
/// of vectors), convolution in one or two dimensions, embedding, layer, group and RMS normalisation, and sums and
/// products with a broadcast parameter. A transposed or re-typed (autocast) parameter is followed to its origin.
TapSearch find_taps(const at::Tensor& losses, const std::vector<at::Tensor>& parameters);

/// Adds what a tap's node contributes to the gradients of every example, given the gradient δ of its output for a batch
/// of `batch` examples whose rows lie one example after the other. Uses whose tensors cannot be divided into `batch`
/// equal parts are returned: parameters that must be computed otherwise. The node must still hold what it saved.
std::vector<std::size_t> record(const Tap& tap, const at::Tensor& output_gradient, std::int64_t batch,
                                const std::vector<at::Tensor>& parameters, std::vector<ParameterGradients>& into);

}  // namespace talweg::gradient
