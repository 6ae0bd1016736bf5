#pragma once

#include <nlohmann/json.hpp>

namespace talweg {

/// A model's inputs and outputs are numbers; what they mean is in the data that it was trained on. A task offers this
/// beside Task, and the description is kept with the model, in its checkpoints and in the summary of its run.
class DescribesData {
 public:
  virtual ~DescribesData() = default;
  /// "classes" (names, in the order of the outputs), and of tables "columns" and "label" (names; absent where the file
  /// has none), "index_base" (LIBSVM's format), "scaling" ({"mean", "deviation"} or {"low", "high"} of every feature).
  virtual nlohmann::json data_description() const = 0;
};

/// Throws DataError, naming what differs, when the data as it is described `now` would mean something else to a model
/// that was trained on data described as `kept`: other classes, columns or bases of indices. Another scaling, which
/// follows from data that grew, is told on stderr.
void require_same_meaning(const nlohmann::json& kept, const nlohmann::json& now);

}  // namespace talweg
