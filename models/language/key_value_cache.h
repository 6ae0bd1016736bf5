#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace talweg::models {

/// Keys and values of the tokens a decoder has seen, so that a further token costs one position: per layer two tensors
/// [batch, key/value heads, capacity, head size], of which the first length() positions are filled.
class KeyValueCache {
 public:
  KeyValueCache(std::int64_t layers, at::IntArrayRef shape, const at::TensorOptions& options);

  std::int64_t length() const { return length_; }
  std::int64_t capacity() const { return layers_.front().keys.size(2); }
  /// Appends keys and values [batch, heads, T, size] of one layer behind length() and returns all there are now. The
  /// length itself moves with advance(), once every layer has appended. Throws c10::ValueError past the capacity.
  std::pair<at::Tensor, at::Tensor> append(std::size_t layer, const at::Tensor& keys, const at::Tensor& values);
  void advance(std::int64_t tokens) { length_ += tokens; }
  /// Forgets all but the first `length` tokens.
  void truncate(std::int64_t length) { length_ = std::min(length_, length); }

 private:
  struct Layer {
    at::Tensor keys, values;
  };
  std::vector<Layer> layers_;
  std::int64_t length_ = 0;
};

}  // namespace talweg::models
