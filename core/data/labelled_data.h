#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/random/random_streams.h"

namespace talweg::data {

/// How the columns of a file were understood, so that other files of the same data are read alike.
struct FileLayout {
  std::vector<std::string> columns;        ///< names of the features in their order; empty where the file has none
  std::string label;                       ///< name of the label's column; empty where the file has none
  std::optional<std::int64_t> index_base;  ///< what the indices of LIBSVM's format count from: 0 or 1
};

/// Examples with a class each.
struct LabelledData {
  at::Tensor inputs;                     ///< [n, …] float32 or float64
  at::Tensor targets;                    ///< [n] int64, class indices in [0, classes)
  std::vector<std::string> class_names;  ///< as many as there are classes
  FileLayout layout = {};                ///< of the file they come from
  std::int64_t size() const { return inputs.defined() ? inputs.size(0) : 0; }
  std::int64_t classes() const { return static_cast<std::int64_t>(class_names.size()); }
  /// The examples with these indices.
  LabelledData select(const std::vector<std::int64_t>& indices) const;
};

/// Examples with the classes of other data: targets count in `class_names`, which may have classes that no example
/// here has. Throws DataError naming a class that is not among them; `what` names the examples ("evaluation").
LabelledData with_classes(LabelledData data, const std::vector<std::string>& class_names, const std::string& what);

/// Splits off a share of every class (rounded; at least one example stays in the first part when there is one).
/// The split depends on the stream "split" alone. Returns {rest, share}; both in random order.
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
