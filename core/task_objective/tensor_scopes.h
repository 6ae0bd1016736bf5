#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "core/libtorch.h"

namespace talweg {

/// Copies tensors aside and puts them back at the end of the scope.
class RestoreScope {
 public:
  RestoreScope(const std::vector<at::Tensor>& tensors, std::vector<at::Tensor>& storage)
      : tensors_(tensors), storage_(storage) {
    torch::NoGradGuard no_grad;
    if (storage_.empty())
      for (const at::Tensor& tensor : tensors_) storage_.push_back(at::empty_like(tensor));
    for (std::size_t i = 0; i < tensors_.size(); ++i) storage_[i].copy_(tensors_[i]);
  }
  ~RestoreScope() {
    torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < tensors_.size(); ++i) tensors_[i].copy_(storage_[i]);
  }
  RestoreScope(const RestoreScope&) = delete;
  RestoreScope& operator=(const RestoreScope&) = delete;

 private:
  const std::vector<at::Tensor>& tensors_;
  std::vector<at::Tensor>& storage_;
};

/// Lets an evaluation move copies of tensors and puts the originals back. Unlike a copy in place this leaves alone what
/// the evaluation's graph has kept, which can still be derived.
class SwapScope {
 public:
  explicit SwapScope(const std::vector<at::Tensor>& tensors) : tensors_(tensors) {
    for (const at::Tensor& tensor : tensors_) {
      originals_.push_back(tensor.variable_data());
      tensor.set_data(originals_.back().clone());
    }
  }
  ~SwapScope() {
    for (std::size_t i = 0; i < tensors_.size(); ++i) tensors_[i].set_data(originals_[i]);
  }
  SwapScope(const SwapScope&) = delete;
  SwapScope& operator=(const SwapScope&) = delete;

 private:
  const std::vector<at::Tensor>& tensors_;
  std::vector<at::Tensor> originals_;
};

}  // namespace talweg
