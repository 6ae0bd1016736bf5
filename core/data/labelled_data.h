#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/random/random_streams.h"

namespace talweg::data {

/// Examples with a class each.
struct LabelledData {
  at::Tensor inputs;                     ///< [n, …] float32 or float64
  at::Tensor targets;                    ///< [n] int64, class indices in [0, classes)
  std::vector<std::string> class_names;  ///< as many as there are classes
  std::int64_t size() const { return inputs.defined() ? inputs.size(0) : 0; }
  std::int64_t classes() const { return static_cast<std::int64_t>(class_names.size()); }
  /// The examples with these indices.
  LabelledData select(const std::vector<std::int64_t>& indices) const;
};

/// Splits off a share of every class (rounded; at least one example stays in the first part when there is one).
/// The split depends on the stream "split" alone. Answers {rest, share}; both in random order.
std::pair<LabelledData, LabelledData> stratified_split(const LabelledData& data, double share,
                                                       const RandomStreams& streams);

/// Per-feature mean and standard deviation of the training inputs, for inputs of any shape [n, …].
struct Standardizer {
  at::Tensor mean;   ///< […]
  at::Tensor scale;  ///< […], 1 where the feature is constant
  static Standardizer fit(const at::Tensor& inputs);
  at::Tensor apply(const at::Tensor& inputs) const;
};

/// Class indices and sorted names from one text label per example. Labels that are all numbers are sorted as numbers.
std::pair<at::Tensor, std::vector<std::string>> index_labels(const std::vector<std::string>& labels);

}  // namespace talweg::data
