#include "tasks/triplets/comparison_columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::tasks {

void ComparisonCollector::add(const std::string& user, const std::string& winner, const std::string& loser,
                              double label, double weight, const std::string& time) {
  columns.users.push_back(users_.index_of(user));
  columns.first.push_back(items_.index_of(winner));
  columns.second.push_back(items_.index_of(loser));
  columns.labels.push_back(label);
  columns.weights.push_back(weight);
  columns.times.push_back(time);
}

Triplets ComparisonColumns::triplets() const {
  return {at::tensor(users, at::kInt), at::tensor(first, at::kInt), at::tensor(second, at::kInt),
          at::tensor(labels, at::kDouble), at::tensor(weights, at::kDouble)};
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

ComparisonData read_divided(
    const std::string& path, const std::string& evaluation_path, const HeldOutOptions& options,
    const RandomStreams& streams,
    const std::function<void(const std::string& path, ComparisonCollector& into, ComparisonData& data)>& read) {
  ComparisonData data;
  IdDictionary users(data.user_ids), items(data.item_ids);
  const auto columns_of = [&](const std::string& file) {
    ComparisonCollector collector(users, items);
    read(file, collector, data);
    if (collector.columns.users.empty()) throw DataError(fmt::format("{}: holds no comparisons", file));
    return std::move(collector.columns);
  };
  const ComparisonColumns all = columns_of(path);
  const ComparisonColumns evaluation = evaluation_path.empty() ? ComparisonColumns() : columns_of(evaluation_path);
  divide_comparisons(all, evaluation, options, path, streams, data);
  return data;
}

}  // namespace talweg::tasks
