#pragma once

#include <torch/nn/module.h>

#include <optional>
#include <string>
#include <vector>

#include "core/config/component.h"
#include "core/task/task.h"
#include "tasks/triplets/factor_start.h"
#include "tasks/triplets/features.h"

namespace talweg::tasks {

struct FactorModelOptions {
  std::int64_t rank = 3;
  bool item_bias = false;
  std::string user_features, item_features;
  config::Component<FactorStartKind> start{"random"};
};
void declare(config::Fields& f, FactorModelOptions& o);

/// Rows whose products are utilities: x_{u,i} = ⟨users_u, items_i⟩.
struct UtilityRows {
  at::Tensor users, items;  ///< [n1, w], [n2, w]
};

/// Factors of users and of items. Parameters "users" [n1, r] and "items" [n2, r]; with features F "user_map" or
/// "item_map" W [features, r], which begin at zero: rows are then factors + F·W; with a bias "item_bias" [n2], zero at
/// the start, a column of its own beside a 1 of every user. Users and items without a training comparison begin at
/// zero, as nothing will move them from where they begin.
class FactorModel : public torch::nn::Module {
 public:
  /// `data` has a summary. Reads the files of features; notes on them are added to data.notes, their fingerprints to
  /// data.files.
  FactorModel(const FactorModelOptions& options, ComparisonData& data, const TaskContext& context);

  /// Rows with their graph.
  UtilityRows rows() const;
  /// The linear part of rows() at a direction, one tensor per parameter in the module's order: the bias's 1 does not
  /// move.
  UtilityRows change(const std::vector<at::Tensor>& direction) const;
  /// Rows of the comparisons of a batch with gradients that are known for each example: [*users, w], and the difference
  /// of both items' rows [*first, w].
  UtilityRows rows_of(const at::Tensor& users, const at::Tensor& first, const at::Tensor& second) const;

  at::Tensor users, items, item_bias, user_map, item_map;  ///< undefined where the model has none
  const std::optional<Features>& user_features() const { return user_features_; }
  const std::optional<Features>& item_features() const { return item_features_; }

 private:
  UtilityRows rows_from(const std::vector<at::Tensor>& parameters, double one) const;

  std::optional<Features> user_features_, item_features_;
  at::Tensor of_users_, of_items_;  // features where the factors are
};

}  // namespace talweg::tasks
