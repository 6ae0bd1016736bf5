#include "tasks/triplets/comparison_data.h"

#include <fmt/format.h>

#include <array>
#include <unordered_map>

#include "core/data/delimited_rows.h"
#include "core/data/numbers.h"
#include "core/error.h"
#include "core/files/read_file.h"
#include "core/libtorch.h"
#include "core/random/seeded_normals.h"

namespace talweg::tasks {
namespace {

enum class ComparisonLabels { probability, binary };
std::vector<std::pair<std::string, ComparisonLabels>> choices(ComparisonLabels) {
  return {{"probability", ComparisonLabels::probability}, {"binary", ComparisonLabels::binary}};
}

struct SyntheticComparisons {
  std::int64_t users = 200, items = 300, rank = 3, comparisons = 12000, evaluation_comparisons = 10000;
  double scale = 1;
  ComparisonLabels labels = ComparisonLabels::probability;
};
void declare(config::Fields& f, SyntheticComparisons& o) {
  f("users", o.users, "n1", config::at_least(1));
  f("items", o.items, "n2", config::at_least(2));
  f("rank", o.rank, "r of the true utilities", config::at_least(1));
  f("comparisons", o.comparisons, "m, for training", config::at_least(1));
  f("evaluation_comparisons", o.evaluation_comparisons, "for evaluation", config::at_least(1));
  f("scale", o.scale, "deviation of the true utilities", config::above(0));
  f("labels", o.labels, "how far the first item is preferred: its probability, as the theory has it, or a coin's fall");
}
void validate(const SyntheticComparisons& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.rank > std::min(o.users, o.items - 1))
    diagnostics.error(where.at("rank"), fmt::format("'rank' is at most the number of users and the number of items "
                                                    "less one, {} here",
                                                    std::min(o.users, o.items - 1)));
}

at::Tensor orthonormal_columns(std::int64_t rows, std::int64_t columns, std::uint64_t seed, bool centred) {
  at::Tensor gaussian = seeded_normals({rows, columns}, seed);
  if (centred) gaussian -= gaussian.mean(0, true);
  return std::get<0>(at::linalg_qr(gaussian));
}

Triplets draw_comparisons(const SyntheticComparisons& o, const TrueFactors& truth, std::int64_t count,
                          ComparisonLabels labels, RandomGenerator random) {
  Triplets t;
  for (at::Tensor* column : {&t.users, &t.first, &t.second}) *column = at::empty({count}, at::kInt);
  at::Tensor coins = at::empty({count}, at::kDouble);
  const auto items = static_cast<std::uint64_t>(o.items);
  for (std::int64_t k = 0; k < count; ++k) {
    const std::uint64_t first = random.below(items), second = (first + 1 + random.below(items - 1)) % items;
    t.users.mutable_data_ptr<std::int32_t>()[k] =
        static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(o.users)));
    t.first.mutable_data_ptr<std::int32_t>()[k] = static_cast<std::int32_t>(first);
    t.second.mutable_data_ptr<std::int32_t>()[k] = static_cast<std::int32_t>(second);
    coins.mutable_data_ptr<double>()[k] = random.uniform();
  }
  t.labels = at::sigmoid(triplet_margins(truth.users, truth.items, t));
  if (labels == ComparisonLabels::binary) t.labels = (coins < t.labels).to(at::kDouble);
  return by_user(t);
}

/// X* = U*Σ*V*ᵀ with orthonormal U*, V* and singular values scale·√(n1 n2/r), so that utilities have variance scale².
ComparisonData synthetic_comparisons(const SyntheticComparisons& o, const RandomStreams& streams) {
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

struct ComparisonCsv {
  std::string path, evaluation_path;
  std::string delimiter = ",";
  double evaluation_share = 0.1;
};
void declare(config::Fields& f, ComparisonCsv& o) {
  f("path", o.path,
    "file, plain or gzip, whose lines are user, winner, loser and possibly how far the winner was preferred, from 0 to "
    "1 (a tie: 0.5); a first line that says 'user' is a header",
    config::required());
  f("evaluation_path", o.evaluation_path, "file with the evaluation comparisons (default: split off)");
  f("delimiter", o.delimiter, "character between fields; 'tab' for a tab");
  f("evaluation_share", o.evaluation_share, "share of the comparisons that is split off at random", config::above(0),
    config::below(1));
}
void validate(const ComparisonCsv& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.delimiter != "tab" && o.delimiter.size() != 1)
    diagnostics.error(where.at("delimiter"), "'delimiter' takes one character, or 'tab'");
}

/// Ids in the order of their first appearance.
class IdDictionary {
 public:
  explicit IdDictionary(std::vector<std::string>& names) : names_(names) {}
  std::int32_t index_of(const std::string& id) {
    const auto [found, is_new] = indices_.emplace(id, static_cast<std::int32_t>(names_.size()));
    if (is_new) names_.push_back(id);
    return found->second;
  }

 private:
  std::vector<std::string>& names_;
  std::unordered_map<std::string, std::int32_t> indices_;
};

Triplets read_comparisons(const std::string& path, char delimiter, IdDictionary& users, IdDictionary& items) {
  const std::string bytes = io::read_file(path);
  data::DelimitedRows rows(bytes, path, delimiter);
  rows.require_utf8();
  std::vector<std::int32_t> columns[3];
  std::vector<double> labels;
  std::vector<std::string> fields;
  for (bool first = true; rows.next(fields); first = false) {
    if (fields.size() != 3 && fields.size() != 4)
      rows.fail(fmt::format("has {} fields instead of user, winner, loser and possibly a label", fields.size()));
    if (first && fields.front() == "user") continue;
    for (std::size_t i = 0; i < 3; ++i)
      if (fields[i].empty()) rows.fail(fmt::format("the {} is missing", std::array{"user", "winner", "loser"}[i]));
    if (fields[1] == fields[2]) rows.fail(fmt::format("the item '{}' is compared with itself", fields[1]));
    double label = 1;
    if (fields.size() == 4 && !(data::read_finite(fields[3], label) && label >= 0 && label <= 1))
      rows.fail(fmt::format("the label '{}' is no number from 0 to 1", fields[3]));
    columns[0].push_back(users.index_of(fields[0]));
    columns[1].push_back(items.index_of(fields[1]));
    columns[2].push_back(items.index_of(fields[2]));
    labels.push_back(label);
  }
  if (labels.empty()) throw DataError(fmt::format("{}: holds no comparisons", path));
  return {at::tensor(columns[0], at::kInt),
          at::tensor(columns[1], at::kInt),
          at::tensor(columns[2], at::kInt),
          at::tensor(labels, at::kDouble),
          {}};
}

ComparisonData read_comparison_csv(const ComparisonCsv& o, const RandomStreams& streams) {
  ComparisonData data;
  IdDictionary users(data.user_ids), items(data.item_ids);
  const char delimiter = o.delimiter == "tab" ? '\t' : o.delimiter.front();
  const auto read = [&](const std::string& path) {
    Triplets triplets = read_comparisons(path, delimiter, users, items);
    data.files.push_back(io::fingerprint_of(path));
    return triplets;
  };
  data.training = read(o.path);
  data.splits_evaluation = o.evaluation_path.empty();
  if (data.splits_evaluation) {
    const std::int64_t m = data.training.users.size(0);
    const auto held_out = static_cast<std::int64_t>(std::llround(o.evaluation_share * static_cast<double>(m)));
    if (held_out == 0 || held_out == m)
      throw DataError(fmt::format("{}: {} comparisons are too few to split off a share of {}; give 'evaluation_path'",
                                  o.path, m, o.evaluation_share));
    const at::Tensor order = at::tensor(random_permutation(m, streams.generator("split")), at::kLong);
    data.evaluation = by_user(select(data.training, order.narrow(0, 0, held_out)));
    data.training = select(data.training, order.narrow(0, held_out, m - held_out));
  } else {
    data.evaluation = by_user(read(o.evaluation_path));
  }
  data.training = by_user(data.training);
  data.users = static_cast<std::int64_t>(data.user_ids.size());
  data.items = static_cast<std::int64_t>(data.item_ids.size());
  return data;
}

}  // namespace

Triplets select(const Triplets& t, const at::Tensor& indices) {
  return {t.users.index_select(0, indices), t.first.index_select(0, indices), t.second.index_select(0, indices),
          t.labels.index_select(0, indices), t.weights.defined() ? t.weights.index_select(0, indices) : at::Tensor()};
}

Triplets by_user(const Triplets& t) {
  return select(t, at::argsort(t.users, /*stable=*/true));
}

void register_comparison_data() {
  static const bool once = [] {
    auto& registry = config::Registry<ComparisonDataKind>::instance();
    registry.add<SyntheticComparisons>("synthetic_comparisons", "random pairs judged by utilities of low rank",
                                       "Sankagiri et al. 2025 (arXiv 2502.20033)", synthetic_comparisons);
    registry.add<ComparisonCsv>("comparison_csv", "delimited text: user, winner, loser", "RFC 4180",
                                read_comparison_csv);
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
