#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/libtorch.h"
#include "tasks/triplets/baselines.h"
#include "tasks/triplets/comparison_factorization.h"
#include "tasks/triplets/factor_baselines.h"
#include "tasks/triplets/factor_errors.h"
#include "tasks/triplets/ranking_metrics.h"
#include "tasks/triplets/triplet_loss.h"

namespace talweg::tasks {

UtilityRows ComparisonFactorization::exact_rows() const {
  const torch::NoGradGuard no_grad;
  const UtilityRows rows = model_->rows();
  return {rows.users.detach().to(at::kCPU, at::kDouble), rows.items.detach().to(at::kCPU, at::kDouble)};
}

Metrics ComparisonFactorization::evaluate() {
  const UtilityRows rows = exact_rows();
  const Triplets& held_out = data_.evaluation;
  if (baselines_.empty() && options_.baselines) baselines_ = evaluate_baselines();
  Metrics metrics = baselines_;
  const at::Tensor z = triplet_margins(rows.users, rows.items, held_out);
  metrics.emplace_back("loss", triplet_loss(rows.users, rows.items, held_out).item<double>());
  metrics.emplace_back("calibration_error", calibration_error(z, held_out.labels));
  for (const auto& metric : ranking_metrics(rows, data_.relevance, options_.ranking_cutoff)) metrics.push_back(metric);
  if (const double area = area_under_curve(z, held_out.labels); std::isfinite(area)) metrics.emplace_back("auc", area);
  if (const double share = sign_accuracy(z, held_out.labels); std::isfinite(share))
    metrics.emplace_back("accuracy", share);
  const at::Tensor users = model_->users.detach().to(at::kCPU, at::kDouble),
                   items = model_->items.detach().to(at::kCPU, at::kDouble), of_users = users.t().mm(users);
  const at::Tensor imbalance =
      at::linalg_vector_norm(of_users - items.t().mm(items)) / at::linalg_vector_norm(of_users);
  metrics.emplace_back("imbalance", imbalance.item<double>());
  if (!data_.truth) return metrics;
  metrics.emplace_back("matrix_error", matrix_error(rows.users, rows.items, *data_.truth));
  if (data_.truth->users.size(1) == options_.rank)
    metrics.emplace_back("factor_error", factor_error(users, items, *data_.truth));
  return metrics;
}

Metrics ComparisonFactorization::evaluate_baselines() const {
  const Triplets& held_out = data_.evaluation;
  const at::Tensor one = at::ones({data_.users, 1}, at::kDouble);
  const at::Tensor strengths = bradley_terry_strengths(data_.training, data_.items, 1).unsqueeze(1);
  Metrics metrics{{"bradley_terry_loss", triplet_loss(one, strengths, held_out).item<double>()}};
  if (!(held_out.labels != 0.5).any().item<bool>()) return metrics;
  const auto add = [&](const char* name, const UtilityRows& rows) {
    metrics.emplace_back(name, sign_accuracy(triplet_margins(rows.users, rows.items, held_out), held_out.labels));
  };
  add("popularity_accuracy", {one, popularity(data_.training, data_.items).unsqueeze(1)});
  add("bradley_terry_accuracy", {one, strengths});
  add("bpr_accuracy", bayesian_personalised_ranking(data_, options_.rank, streams_));
  add("logistic_mf_accuracy", logistic_matrix_factorisation(data_, options_.rank, streams_));
  return metrics;
}

std::vector<plot::Figure> ComparisonFactorization::figures() {
  constexpr std::int64_t kMostNames = 60;
  if (options_.rank < 2) return {};
  const at::Tensor items = model_->items.detach().to(at::kCPU, at::kDouble), centred = items - items.mean(0, true);
  if (!centred.isfinite().all().item<bool>()) return {};
  const auto [left, values, right] = at::linalg_svd(centred, /*full_matrices=*/false);
  plot::Figure map;
  map.name = "items";
  map.title = "Items by their factors";
  map.x_label = "first principal direction";
  map.y_label = "second principal direction";
  const double share = (values.narrow(0, 0, 2).square().sum() / values.square().sum()).item<double>();
  map.caption = fmt::format(
      "Items that the same users prefer stand in the same direction from the middle, where items "
      "stand that nobody feels about. The plane shows {:.0f} % of the squared lengths.",
      100 * share);
  plot::Series points;
  points.name = "items";
  points.style = plot::SeriesStyle::points;
  for (std::int64_t i = 0; i < items.size(0); ++i) {
    // Signs of singular vectors are a library's choice.
    for (const auto& [axis, list] : {std::pair{0, &points.x}, {1, &points.y}}) {
      const at::Tensor column = left.select(1, axis);
      const double sign = column[column.abs().argmax().item<std::int64_t>()].item<double>() < 0 ? -1 : 1;
      list->push_back(sign * column[i].item<double>() * values[axis].item<double>());
    }
    if (items.size(0) <= kMostNames)
      points.labels.push_back(data_.item_ids.empty() ? std::to_string(i) : data_.item_ids[static_cast<std::size_t>(i)]);
  }
  map.series.push_back(std::move(points));
  return {map};
}

}  // namespace talweg::tasks
