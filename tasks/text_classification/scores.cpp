#include "tasks/text_classification/scores.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace talweg::tasks {
namespace {

/// Ranks from 1; equal values share the mean of theirs.
std::vector<double> ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
  std::vector<double> result(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i)
      result[order[i]] = (static_cast<double>(begin) + static_cast<double>(end) + 1) / 2;
    begin = end;
  }
  return result;
}

}  // namespace

double accuracy(std::span<const std::int64_t> predicted, std::span<const std::int64_t> truth) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) right += predicted[i] == truth[i];
  return static_cast<double>(right) / static_cast<double>(truth.size());
}

double f1(std::span<const std::int64_t> predicted, std::span<const std::int64_t> truth, std::int64_t of_class) {
  double both = 0, one = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    both += predicted[i] == of_class && truth[i] == of_class;
    one += (predicted[i] == of_class) != (truth[i] == of_class);
  }
  return both + one == 0 ? 0 : 2 * both / (2 * both + one);
}

double matthews(std::span<const std::int64_t> predicted, std::span<const std::int64_t> truth) {
  std::map<std::int64_t, std::pair<double, double>> counts;  // of a class: predicted, true
  double right = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    ++counts[predicted[i]].first;
    ++counts[truth[i]].second;
    right += predicted[i] == truth[i];
  }
  const auto n = static_cast<double>(truth.size());
  double product = 0, predicted_squares = 0, true_squares = 0;
  for (const auto& [name, count] : counts) {
    product += count.first * count.second;
    predicted_squares += count.first * count.first;
    true_squares += count.second * count.second;
  }
  const double spread = std::sqrt((n * n - predicted_squares) * (n * n - true_squares));
  return spread == 0 ? 0 : (right * n - product) / spread;
}

double pearson(std::span<const double> a, std::span<const double> b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n,
               mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa == 0 || bb == 0 ? 0 : ab / std::sqrt(aa * bb);
}

double spearman(std::span<const double> a, std::span<const double> b) {
  return pearson(ranks(a), ranks(b));
}

}  // namespace talweg::tasks
