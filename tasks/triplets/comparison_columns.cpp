#include "tasks/triplets/comparison_columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::tasks {

void ComparisonColumns::add(std::int32_t user, std::int32_t winner, std::int32_t loser, double label, double weight) {
  users.push_back(user);
  first.push_back(winner);
  second.push_back(loser);
  labels.push_back(label);
  weights.push_back(weight);
}

Triplets ComparisonColumns::triplets() const {
  return {at::tensor(users, at::kInt), at::tensor(first, at::kInt), at::tensor(second, at::kInt),
          at::tensor(labels, at::kDouble), at::tensor(weights, at::kDouble)};
}

void require_comparisons(const ComparisonColumns& columns, const std::string& file) {
  if (columns.users.empty()) throw DataError(fmt::format("{}: holds no comparisons", file));
}

void divide_comparisons(const ComparisonColumns& all, const ComparisonColumns& evaluation,
                        const HeldOutOptions& options, const std::string& file, const RandomStreams& streams,
                        ComparisonData& data) {
  data.users = static_cast<std::int64_t>(data.user_ids.size());
  data.items = static_cast<std::int64_t>(data.item_ids.size());
  data.splits_evaluation = evaluation.users.empty();
  const Triplets whole = all.triplets();
  if (data.splits_evaluation) {
    const HeldOutSplit split = hold_out(options, whole.users, all.times, file, streams);
    data.training = by_user(select(whole, split.training));
    data.evaluation = by_user(select(whole, split.evaluation));
  } else {
    data.training = by_user(whole);
    data.evaluation = by_user(evaluation.triplets());
  }
  const double mean = data.training.weights.mean().item<double>();
  if (mean == 0) throw DataError(fmt::format("{}: the weights of all comparisons are 0", file));
  for (Triplets* part : {&data.training, &data.evaluation}) {
    part->weights = part->weights / mean;
    if ((part->weights == 1).all().item<bool>()) part->weights = at::Tensor();
  }
}

}  // namespace talweg::tasks
