#include "tasks/triplets/ranking_metrics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

/// Held-out items of one user, as they stand side by side in a Relevance.
struct HeldOutItems {
  std::int64_t user;
  std::vector<std::int64_t> items;
  std::vector<double> gains;
};

std::vector<HeldOutItems> of_each_user(const Relevance& r) {
  std::vector<HeldOutItems> list;
  for (std::int64_t k = 0; k < r.gains.size(0); ++k) {
    const std::int64_t user = r.users.const_data_ptr<std::int32_t>()[k];
    if (list.empty() || list.back().user != user) list.push_back({user, {}, {}});
    list.back().items.push_back(r.items.const_data_ptr<std::int32_t>()[k]);
    list.back().gains.push_back(r.gains.const_data_ptr<double>()[k]);
  }
  return list;
}

double discounted_gain(const std::vector<double>& gains, std::int64_t cutoff) {
  double sum = 0;
  for (std::size_t place = 0; place < gains.size() && static_cast<std::int64_t>(place) < cutoff; ++place)
    sum += (std::exp2(gains[place]) - 1) / std::log2(2 + static_cast<double>(place));
  return sum;
}

}  // namespace

Relevance relevance_of(const Triplets& t, std::int64_t items) {
  std::map<std::int64_t, std::pair<double, double>> wins;  // by user·items + item: won, met
  for (std::int64_t k = 0; k < t.labels.size(0); ++k) {
    const std::int64_t user = t.users.const_data_ptr<std::int32_t>()[k];
    const double label = t.labels.const_data_ptr<double>()[k];
    for (const auto& [item, won] : {std::pair{t.first.const_data_ptr<std::int32_t>()[k], label},
                                    std::pair{t.second.const_data_ptr<std::int32_t>()[k], 1 - label}}) {
      auto& entry = wins[user * items + item];
      entry.first += won;
      entry.second += 1;
    }
  }
  std::vector<std::int32_t> users, which;
  std::vector<double> gains;
  for (const auto& [key, entry] : wins) {
    users.push_back(static_cast<std::int32_t>(key / items));
    which.push_back(static_cast<std::int32_t>(key % items));
    gains.push_back(entry.first / entry.second);
  }
  return {at::tensor(users, at::kInt), at::tensor(which, at::kInt), at::tensor(gains, at::kDouble)};
}

Metrics ranking_metrics(const UtilityRows& rows, const Relevance& relevance, std::int64_t cutoff) {
  constexpr double kMostUtilities = 2e7;
  const std::vector<HeldOutItems> held_out = of_each_user(relevance);
  const std::int64_t items = rows.items.size(0), best = std::min(cutoff, items);
  const double utilities = static_cast<double>(held_out.size()) * static_cast<double>(items);
  const auto stride = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(utilities / kMostUtilities)));
  double gain = 0, hits = 0, with_gain = 0, with_order = 0;
  for (std::size_t i = 0; i < held_out.size(); ++i) {
    const auto& [user, which, gains] = held_out[i];
    std::vector<double> ideal = gains;
    std::sort(ideal.rbegin(), ideal.rend());
    const at::Tensor row = rows.users[user];
    if (ideal.front() > 0) {
      const at::Tensor utility = rows.items.index_select(0, at::tensor(which, at::kLong)).mv(row);
      const at::Tensor order = at::argsort(utility, /*stable=*/true, 0, /*descending=*/true);
      std::vector<double> ranked;
      for (std::int64_t k = 0; k < order.size(0); ++k)
        ranked.push_back(gains[static_cast<std::size_t>(order.const_data_ptr<std::int64_t>()[k])]);
      gain += discounted_gain(ranked, cutoff) / discounted_gain(ideal, cutoff);
      ++with_gain;
    }
    if (i % stride == 0 && ideal.front() > ideal.back()) {
      const at::Tensor top = std::get<1>(rows.items.mv(row).topk(best));
      const std::int64_t* chosen = top.const_data_ptr<std::int64_t>();
      bool hit = false;
      for (std::size_t k = 0; k < which.size(); ++k)
        hit = hit || (gains[k] == ideal.front() && std::find(chosen, chosen + best, which[k]) != chosen + best);
      hits += hit;
      ++with_order;
    }
  }
  Metrics metrics;
  if (with_gain > 0) metrics.emplace_back("ndcg", gain / with_gain);
  if (with_order > 0) metrics.emplace_back("hit_rate", hits / with_order);
  return metrics;
}

double calibration_error(const at::Tensor& margins, const at::Tensor& labels) {
  constexpr std::int64_t kRanges = 10;
  const at::Tensor truth = at::where(margins >= 0, labels, 1 - labels), p = at::sigmoid(margins.abs());
  const at::Tensor range = ((p - 0.5) * (2 * kRanges)).to(at::kLong).clamp(0, kRanges - 1);
  const at::Tensor gap = at::zeros({kRanges}, at::kDouble).index_add(0, range, truth - p);
  return gap.abs().sum().item<double>() / static_cast<double>(margins.size(0));
}

}  // namespace talweg::tasks
