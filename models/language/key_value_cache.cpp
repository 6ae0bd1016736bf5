#include "models/language/key_value_cache.h"

#include "core/libtorch.h"

namespace talweg::models {

KeyValueCache::KeyValueCache(std::int64_t layers, at::IntArrayRef shape, const at::TensorOptions& options) {
  for (std::int64_t i = 0; i < layers; ++i) layers_.push_back({at::empty(shape, options), at::empty(shape, options)});
}

std::pair<at::Tensor, at::Tensor> KeyValueCache::append(std::size_t layer, const at::Tensor& keys,
                                                        const at::Tensor& values) {
  const std::int64_t more = keys.size(2);
  TORCH_CHECK_VALUE(length_ + more <= capacity(), "the key-value cache holds ", capacity(), " tokens, not ",
                    length_ + more);
  Layer& at = layers_[layer];
  at.keys.narrow(2, length_, more).copy_(keys);
  at.values.narrow(2, length_, more).copy_(values);
  return {at.keys.narrow(2, 0, length_ + more), at.values.narrow(2, 0, length_ + more)};
}

}  // namespace talweg::models
