#include "core/replicas/rank_report.h"

#include <algorithm>
#include <numeric>

namespace talweg {
namespace {

std::int64_t least(const std::vector<double>& waiting) {
  return std::min_element(waiting.begin(), waiting.end()) - waiting.begin();
}

double mean_share(const std::vector<double>& waiting, double seconds) {
  const double sum = std::accumulate(waiting.begin(), waiting.end(), 0.0);
  return seconds > 0 ? sum / static_cast<double>(waiting.size()) / seconds : 0;
}

}  // namespace

Metrics RankReport::take(std::int64_t steps, double seconds) {
  const distributed::ProcessGroup::Traffic now = group_.traffic();
  const double bytes = static_cast<double>(now.bytes - last_.bytes), waited = now.seconds - last_.seconds;
  last_ = now;
  std::vector<double> waiting;
  for (const std::vector<double>& row : group_.gather({waited})) waiting.push_back(row.front());
  waiting_.resize(waiting.size());
  for (std::size_t r = 0; r < waiting.size(); ++r) waiting_[r] += waiting[r];
  steps_ += steps;
  bytes_ += bytes;
  seconds_ += seconds;
  return {{"distributed/bytes_per_step", steps > 0 ? bytes / static_cast<double>(steps) : 0},
          {"distributed/exchange_share", mean_share(waiting, seconds)},
          {"distributed/slowest_rank", static_cast<double>(least(waiting))}};
}

nlohmann::json RankReport::account() const {
  nlohmann::json account = {{"ranks", group_.size()}};
  if (waiting_.empty() || steps_ == 0) return account;
  account["bytes_per_step"] = bytes_ / static_cast<double>(steps_);
  account["exchange_share"] = mean_share(waiting_, seconds_);
  account["slowest_rank"] = least(waiting_);
  return account;
}

}  // namespace talweg
