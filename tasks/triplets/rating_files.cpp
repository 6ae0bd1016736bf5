#include "tasks/triplets/rating_files.h"

#include <algorithm>
#include <cmath>

#include "core/data/numbers.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "tasks/triplets/comparison_columns.h"
#include "tasks/triplets/file_reading.h"

namespace talweg::tasks {
namespace {

/// Four columns of 8 bytes and two copies of them; a processor sorts no more in a minute.
constexpr std::int64_t kMostPairs = 100'000'000;

struct Ratings {
  std::vector<std::int32_t> users, items;
  std::vector<double> values;
  std::vector<std::string> times;
};

Ratings read_ratings(const RatingFileOptions& o, ComparisonData& data) {
  Ratings ratings;
  IdDictionary users(data.user_ids), items(data.item_ids);
  std::unordered_map<std::int64_t, std::size_t> place;  // of a user's rating of an item
  std::int64_t repeated = 0;
  read_records(o.path, delimited(o.delimiter), {{o.user, true}, {o.item, true}, {o.rating, true}, {o.time, false}},
               data.notes, data.files, [&](const std::vector<std::string>& values, const RecordReader& at) {
                 double value = 0;
                 if (!data::read_finite(values[2], value))
                   at.fail(fmt::format("the rating '{}' is no number", values[2]));
                 const std::int32_t user = users.index_of(values[0]), item = items.index_of(values[1]);
                 const auto [found, is_new] = place.emplace((std::int64_t{user} << 32) | item, ratings.values.size());
                 if (!is_new) {
                   ++repeated;
                   ratings.values[found->second] = value;
                   return;
                 }
                 ratings.users.push_back(user);
                 ratings.items.push_back(item);
                 ratings.values.push_back(value);
                 ratings.times.push_back(values[3]);
               });
  if (ratings.values.empty()) throw DataError(fmt::format("{}: holds no ratings", o.path));
  if (repeated > 0)
    data.notes.push_back(
        fmt::format("{}: {} ratings are of an item that the user had rated before; the last counts", o.path, repeated));
  return ratings;
}

/// N random ratings of every user for training and the rest for evaluation; users with fewer than N + 10 are left out.
HeldOutSplit first_ratings(const RatingFileOptions& o, const Ratings& ratings, const RandomStreams& streams,
                           ComparisonData& data) {
  constexpr std::int64_t kLeastHeldOut = 10;
  std::vector<std::int64_t> count(data.user_ids.size()), taken(data.user_ids.size());
  for (const std::int32_t user : ratings.users) ++count[static_cast<std::size_t>(user)];
  std::vector<std::int64_t> training, evaluation;
  const auto m = static_cast<std::int64_t>(ratings.values.size());
  for (const std::int64_t i : random_permutation(m, streams.generator("split"))) {
    const auto user = static_cast<std::size_t>(ratings.users[static_cast<std::size_t>(i)]);
    if (count[user] < o.training_ratings + kLeastHeldOut) continue;
    (taken[user]++ < o.training_ratings ? training : evaluation).push_back(i);
  }
  if (training.empty())
    throw DataError(fmt::format("{}: no user has {} ratings ('training_ratings' and ten to evaluate on)", o.path,
                                o.training_ratings + kLeastHeldOut));
  const auto left_out =
      std::count_if(count.begin(), count.end(), [&](std::int64_t c) { return c < o.training_ratings + kLeastHeldOut; });
  if (left_out > 0)
    data.notes.push_back(fmt::format("{}: {} users have fewer than {} ratings and are left out", o.path, left_out,
                                     o.training_ratings + kLeastHeldOut));
  std::sort(training.begin(), training.end());
  std::sort(evaluation.begin(), evaluation.end());
  return {at::tensor(training, at::kLong), at::tensor(evaluation, at::kLong)};
}

std::vector<std::size_t> sorted_by_user(const Ratings& ratings, const at::Tensor& rows) {
  std::vector<std::size_t> sorted;
  for (std::int64_t k = 0; k < rows.size(0); ++k)
    sorted.push_back(static_cast<std::size_t>(rows.const_data_ptr<std::int64_t>()[k]));
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](std::size_t a, std::size_t b) { return ratings.users[a] < ratings.users[b]; });
  return sorted;
}

/// Pairs among the ratings `rows`, user by user in ascending order.
ComparisonColumns pairs_of(const RatingFileOptions& o, const Ratings& ratings, const at::Tensor& rows,
                           RandomGenerator random) {
  const std::vector<std::size_t> sorted = sorted_by_user(ratings, rows);
  ComparisonColumns pairs;
  std::vector<std::pair<std::size_t, std::size_t>> of_user;
  for (std::size_t begin = 0, end; begin < sorted.size(); begin = end) {
    const std::int32_t user = ratings.users[sorted[begin]];
    for (end = begin; end < sorted.size() && ratings.users[sorted[end]] == user;) ++end;
    of_user.clear();
    for (std::size_t i = begin; i < end; ++i)
      for (std::size_t j = i + 1; j < end; ++j) {
        const double gap = ratings.values[sorted[i]] - ratings.values[sorted[j]];
        if (gap == 0 || std::abs(gap) < o.margin) continue;
        of_user.emplace_back(sorted[gap > 0 ? i : j], sorted[gap > 0 ? j : i]);
      }
    const std::size_t kept =
        o.pairs_per_user > 0 ? std::min(of_user.size(), static_cast<std::size_t>(o.pairs_per_user)) : of_user.size();
    for (std::size_t k = 0; k < kept; ++k) {
      // The first steps of a shuffle: any `kept` of them.
      if (kept < of_user.size()) std::swap(of_user[k], of_user[k + random.below(of_user.size() - k)]);
      pairs.users.push_back(user);
      pairs.first.push_back(ratings.items[of_user[k].first]);
      pairs.second.push_back(ratings.items[of_user[k].second]);
      pairs.labels.push_back(1);
      pairs.weights.push_back(1);
    }
    if (static_cast<std::int64_t>(pairs.users.size()) > kMostPairs)
      throw DataError(
          fmt::format("{}: its ratings make more than {} pairs; 'pairs_per_user' limits them", o.path, kMostPairs));
  }
  return pairs;
}

/// Gains of the ratings `rows`: the share of the user's others that are lower, equal ones counting half.
Relevance gains_of(const Ratings& ratings, const at::Tensor& rows) {
  const std::vector<std::size_t> sorted = sorted_by_user(ratings, rows);
  std::vector<std::int32_t> users, items;
  std::vector<double> gains;
  for (std::size_t begin = 0, end; begin < sorted.size(); begin = end) {
    for (end = begin; end < sorted.size() && ratings.users[sorted[end]] == ratings.users[sorted[begin]];) ++end;
    if (end == begin + 1) continue;
    for (std::size_t i = begin; i < end; ++i) {
      double lower = -0.5;  // itself
      for (std::size_t j = begin; j < end; ++j) {
        const double gap = ratings.values[sorted[i]] - ratings.values[sorted[j]];
        lower += gap > 0 ? 1 : gap == 0 ? 0.5 : 0;
      }
      users.push_back(ratings.users[sorted[i]]);
      items.push_back(ratings.items[sorted[i]]);
      gains.push_back(lower / static_cast<double>(end - begin - 1));
    }
  }
  return {at::tensor(users, at::kInt), at::tensor(items, at::kInt), at::tensor(gains, at::kDouble)};
}

}  // namespace

void declare(config::Fields& f, RatingFileOptions& o) {
  f("path", o.path, "file, plain or gzip, of records with user, item and rating, and possibly time",
    config::required());
  declare_delimiter(f, o.delimiter);
  f("user", o.user, "name of the field with the user");
  f("item", o.item, "name of the field with the item");
  f("rating", o.rating, "name of the field with the rating; larger is better");
  f("time", o.time, "name of the field with the time, for 'split: latest'");
  f("training_ratings", o.training_ratings,
    "ratings of every user that are trained on, the others are evaluated on (0: 'split' and 'evaluation_share' say)",
    config::at_least(0));
  f("pairs_per_user", o.pairs_per_user, "pairs that are drawn of a user's (0: all)", config::at_least(0));
  f("margin", o.margin, "difference of two ratings from which on they are a comparison", config::at_least(0));
  declare(f, static_cast<HeldOutOptions&>(o));
}

void validate(const RatingFileOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  require_delimiter(o.delimiter, where, diagnostics);
  if (o.training_ratings == 1)
    diagnostics.error(where.at("training_ratings"), "'training_ratings' takes 2 or more: one rating makes no pair");
}

ComparisonData read_rating_csv(const RatingFileOptions& o, const RandomStreams& streams) {
  ComparisonData data;
  const Ratings ratings = read_ratings(o, data);
  const HeldOutSplit split = o.training_ratings > 0
                                 ? first_ratings(o, ratings, streams, data)
                                 : hold_out(o, at::tensor(ratings.users, at::kInt), ratings.times, o.path, streams);
  const ComparisonColumns training = pairs_of(o, ratings, split.training, streams.generator("training pairs")),
                          evaluation = pairs_of(o, ratings, split.evaluation, streams.generator("evaluation pairs"));
  if (training.users.empty() || evaluation.users.empty())
    throw DataError(
        fmt::format("{}: no user has two different ratings on one side of the split; there is nothing to "
                    "compare",
                    o.path));
  divide_comparisons(training, evaluation, o, o.path, streams, data);
  data.splits_evaluation = true;
  data.relevance = gains_of(ratings, split.evaluation);
  return data;
}

}  // namespace talweg::tasks
