#include "tasks/triplets/held_out.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/data/numbers.h"
#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

std::vector<std::int64_t> by_time(const std::vector<std::string>& times) {
  std::vector<double> numbers(times.size());
  bool all = true;
  for (std::size_t i = 0; i < times.size(); ++i) all = all && data::read_finite(times[i], numbers[i]);
  std::vector<std::int64_t> order(times.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const auto at = [](const auto& list, std::int64_t i) { return list[static_cast<std::size_t>(i)]; };
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return all ? at(numbers, a) < at(numbers, b) : at(times, a) < at(times, b);
  });
  return order;
}

std::vector<bool> chosen(const HeldOutOptions& o, const at::Tensor& users, const std::vector<std::string>& times,
                         const RandomStreams& streams) {
  const std::int64_t m = users.size(0);
  std::vector<bool> held(static_cast<std::size_t>(m));
  const auto hold = [&](std::int64_t i) { held[static_cast<std::size_t>(i)] = true; };
  const auto count = std::llround(o.evaluation_share * static_cast<double>(m));
  const std::vector<std::int64_t> shuffled = random_permutation(m, streams.generator("split"));
  if (o.split == HeldOutRows::random) {
    std::for_each(shuffled.begin(), shuffled.begin() + count, hold);
  } else if (o.split == HeldOutRows::latest) {
    const std::vector<std::int64_t> order = by_time(times);
    std::for_each(order.end() - count, order.end(), hold);
  } else {
    const std::int32_t* user = users.const_data_ptr<std::int32_t>();
    std::vector<std::int64_t> left(static_cast<std::size_t>(users.max().item<std::int64_t>()) + 1);
    const auto left_of = [&](std::int64_t i) -> std::int64_t& { return left[static_cast<std::size_t>(user[i])]; };
    for (std::int64_t i = 0; i < m; ++i) ++left_of(i);
    for (std::int64_t& rows : left)
      rows = std::min<std::int64_t>(rows - 1, std::llround(o.evaluation_share * static_cast<double>(rows)));
    for (const std::int64_t i : shuffled)
      if (left_of(i)-- > 0) hold(i);
  }
  return held;
}

}  // namespace

void declare(config::Fields& f, HeldOutOptions& o) {
  f("split", o.split, "what is kept for evaluation: any rows, some of every user's, or the latest ('time' needed)");
  f("evaluation_share", o.evaluation_share, "share that is kept for evaluation", config::above(0), config::below(1));
}

HeldOutSplit hold_out(const HeldOutOptions& o, const at::Tensor& users, const std::vector<std::string>& times,
                      const std::string& file, const RandomStreams& streams) {
  if (o.split == HeldOutRows::latest && std::find(times.begin(), times.end(), "") != times.end())
    throw DataError(fmt::format("{}: 'split: latest' needs the time of every row", file));
  const std::vector<bool> held = chosen(o, users, times, streams);
  std::vector<std::int64_t> training, evaluation;
  for (std::size_t i = 0; i < held.size(); ++i)
    (held[i] ? evaluation : training).push_back(static_cast<std::int64_t>(i));
  if (training.empty() || evaluation.empty())
    throw DataError(fmt::format("{}: {} rows are too few to split off a share of {}; give 'evaluation_path'", file,
                                held.size(), o.evaluation_share));
  return {at::tensor(training, at::kLong), at::tensor(evaluation, at::kLong)};
}

}  // namespace talweg::tasks
