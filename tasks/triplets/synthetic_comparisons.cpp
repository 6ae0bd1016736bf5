#include "tasks/triplets/synthetic_comparisons.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/libtorch.h"
#include "core/random/seeded_normals.h"
#include "tasks/triplets/triplet_loss.h"

namespace talweg::tasks {
namespace {

at::Tensor orthonormal_columns(std::int64_t rows, std::int64_t columns, std::uint64_t seed, bool centred) {
  at::Tensor gaussian = seeded_normals({rows, columns}, seed);
  if (centred) gaussian -= gaussian.mean(0, true);
  return std::get<0>(at::linalg_qr(gaussian));
}

Triplets draw_comparisons(const SyntheticComparisonsOptions& o, const TrueFactors& truth, std::int64_t count,
                          ComparisonLabels labels, RandomGenerator random) {
  Triplets t;
  for (at::Tensor* column : {&t.users, &t.first, &t.second}) *column = at::empty({count}, at::kInt);
  // Of every comparison as many coins as its label is the mean of; for probabilities one, which nobody looks at.
  const std::int64_t flips = labels == ComparisonLabels::repeated ? o.repeats : 1;
  at::Tensor coins = at::empty({count, flips}, at::kDouble);
  const auto items = static_cast<std::uint64_t>(o.items);
  for (std::int64_t k = 0; k < count; ++k) {
    const std::uint64_t first = random.below(items), second = (first + 1 + random.below(items - 1)) % items;
    t.users.mutable_data_ptr<std::int32_t>()[k] =
        static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(o.users)));
    t.first.mutable_data_ptr<std::int32_t>()[k] = static_cast<std::int32_t>(first);
    t.second.mutable_data_ptr<std::int32_t>()[k] = static_cast<std::int32_t>(second);
    for (std::int64_t f = 0; f < flips; ++f) coins.mutable_data_ptr<double>()[k * flips + f] = random.uniform();
  }
  t.labels = at::sigmoid(triplet_margins(truth.users, truth.items, t));
  if (labels != ComparisonLabels::probability) t.labels = (coins < t.labels.unsqueeze(1)).to(at::kDouble).mean(1);
  return by_user(t);
}

}  // namespace

void declare(config::Fields& f, SyntheticComparisonsOptions& o) {
  f("users", o.users, "n1", config::at_least(1));
  f("items", o.items, "n2", config::at_least(2));
  f("rank", o.rank, "r of the true utilities", config::at_least(1));
  f("comparisons", o.comparisons, "m, for training", config::at_least(1));
  f("evaluation_comparisons", o.evaluation_comparisons, "for evaluation", config::at_least(1));
  f("scale", o.scale, "deviation of the true utilities", config::above(0));
  f("labels", o.labels,
    "how far the first item is preferred: its probability, as the theory has it, a coin's fall, or the mean of "
    "several");
  f("repeats", o.repeats, "coins whose mean a label is, with 'labels: repeated'", config::at_least(1));
}
void validate(const SyntheticComparisonsOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.rank > std::min(o.users, o.items - 1))
    diagnostics.error(where.at("rank"), fmt::format("'rank' is at most the number of users and the number of items "
                                                    "less one, {} here",
                                                    std::min(o.users, o.items - 1)));
}

ComparisonData synthetic_comparisons(const SyntheticComparisonsOptions& o, const RandomStreams& streams) {
  const double singular = o.scale * std::sqrt(static_cast<double>(o.users * o.items) / static_cast<double>(o.rank));
  ComparisonData data;
  data.users = o.users;
  data.items = o.items;
  data.truth =
      TrueFactors{orthonormal_columns(o.users, o.rank, streams.seed_of("true users"), false) * std::sqrt(singular),
                  orthonormal_columns(o.items, o.rank, streams.seed_of("true items"), true) * std::sqrt(singular)};
  data.training = draw_comparisons(o, *data.truth, o.comparisons, o.labels, streams.generator("comparisons"));
  data.evaluation =
      draw_comparisons(o, *data.truth, o.evaluation_comparisons, o.labels, streams.generator("evaluation comparisons"));
  return data;
}

}  // namespace talweg::tasks
