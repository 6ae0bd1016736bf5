#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace talweg::data {

/// Some examples, stacked: every tensor has the examples in its first dimension. What the tensors mean is between a
/// dataset and its task (for classification: inputs and targets).
struct Batch {
  std::vector<at::Tensor> tensors;
  std::int64_t size = 0;  ///< number of examples; 0 is possible with Poisson sampling

  /// Examples [begin, begin + length), without a copy.
  Batch slice(std::int64_t begin, std::int64_t length) const;
  /// The batch on another device, sent there by sent_to().
  Batch to(at::Device device) const;
};

/// A finite set of examples. Implementations are safe to read from several threads.
class Dataset {
 public:
  virtual ~Dataset() = default;
  /// Number of examples, at least 1.
  virtual std::int64_t size() const = 0;
  /// The examples with these indices, in this order. `step` counts the trainer's steps: datasets that draw their
  /// examples use it as the counter of their random stream, the others ignore it.
  virtual Batch batch(std::span<const std::int64_t> indices, std::int64_t step) const = 0;
};

/// A dataset held in memory, on any device: one tensor per field, examples first.
class TensorDataset : public Dataset {
 public:
  /// Throws c10::ValueError when there is no tensor or the numbers of examples differ.
  explicit TensorDataset(std::vector<at::Tensor> tensors);
  std::int64_t size() const override;
  /// All examples in their own order are returned without a copy.
  Batch batch(std::span<const std::int64_t> indices, std::int64_t step) const override;
  /// All examples, without a copy.
  Batch all() const;

 private:
  std::vector<at::Tensor> tensors_;
};

}  // namespace talweg::data
