#include "tasks/triplets/comparison_arrays.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_set>

#include "core/error.h"
#include "core/files/read_file.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<const data::NpyColumn> column(const fs::path& file, ComparisonData& data) {
  auto found = std::make_shared<const data::NpyColumn>(file);
  data.files.push_back(io::fingerprint_of(file));
  return found;
}

StoredComparisons open_columns(const fs::path& folder, ComparisonData& data) {
  if (!fs::is_directory(folder))
    throw DataError(fmt::format(
        "'{}' is no folder; comparison_arrays reads users.npy, winners.npy and losers.npy there", folder.string()));
  const auto optional = [&](const char* name) {
    return fs::exists(folder / name) ? column(folder / name, data) : nullptr;
  };
  StoredComparisons stored{column(folder / "users.npy", data), column(folder / "winners.npy", data),
                           column(folder / "losers.npy", data), optional("labels.npy"), optional("weights.npy")};
  for (const auto& one : {stored.first, stored.second, stored.labels, stored.weights})
    if (one && one->size() != stored.rows())
      throw DataError(
          fmt::format("{}: has {} numbers where users.npy has {}", one->path().string(), one->size(), stored.rows()));
  return stored;
}

/// The lines of a file of ids, if there is one.
std::vector<std::string> ids_of(const fs::path& file, ComparisonData& data) {
  std::vector<std::string> ids;
  if (!fs::exists(file)) return ids;
  const std::string text = io::read_file(file.string());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    ids.push_back(text.substr(at, end - at - (end > at && text[end - 1] == '\r' ? 1 : 0)));
    at = end + 1;
  }
  data.files.push_back(io::fingerprint_of(file));
  return ids;
}

/// `count` different numbers below `size`, ascending (Floyd's algorithm).
std::vector<std::int64_t> drawn(std::int64_t count, std::int64_t size, RandomGenerator random) {
  std::unordered_set<std::int64_t> chosen;
  for (std::int64_t top = size - count; top < size; ++top) {
    const auto candidate = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(top) + 1));
    chosen.insert(chosen.contains(candidate) ? top : candidate);
  }
  std::vector<std::int64_t> numbers(chosen.begin(), chosen.end());
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

/// The rows of a block that a list of all rows names, as places in the block.
at::Tensor places_in(const std::vector<std::int64_t>& rows, std::int64_t begin, std::int64_t count) {
  const auto first = std::lower_bound(rows.begin(), rows.end(), begin),
             last = std::lower_bound(rows.begin(), rows.end(), begin + count);
  at::Tensor places = at::empty({last - first}, at::kLong);
  std::transform(first, last, places.mutable_data_ptr<std::int64_t>(), [&](std::int64_t row) { return row - begin; });
  return places;
}

/// Parts of blocks, as one.
class Parts {
 public:
  void add(const Triplets& t) {
    std::size_t c = 0;
    for (const at::Tensor& column : {t.users, t.first, t.second, t.labels, t.weights})
      if (column.defined()) columns_[c++].push_back(column);
  }
  Triplets together() const {
    return by_user({at::cat(columns_[0]), at::cat(columns_[1]), at::cat(columns_[2]), at::cat(columns_[3]),
                    columns_[4].empty() ? at::Tensor() : at::cat(columns_[4])});
  }

 private:
  std::vector<at::Tensor> columns_[5];
};

/// Calls `take` with every block of rows and its first row.
template <class Take>
void for_each_block(const StoredComparisons& stored, Take&& take) {
  for (std::int64_t begin = 0; begin < stored.rows(); begin += StoredTriplets::kBlock)
    take(read_rows(stored, begin, std::min(StoredTriplets::kBlock, stored.rows() - begin)), begin);
}

void require_ids(const std::vector<std::string>& ids, std::int64_t numbers, const fs::path& file) {
  if (!ids.empty() && static_cast<std::int64_t>(ids.size()) < numbers)
    throw DataError(fmt::format("{}: names {} ids, and the comparisons have numbers up to {}", file.string(),
                                ids.size(), numbers - 1));
}

/// Numbers of users and items: one more than the greatest, or as many as there are ids.
void count_ids(const StoredComparisons& stored, const fs::path& folder, ComparisonData& data) {
  for_each_block(stored, [&](const Triplets& t, std::int64_t) {
    data.users = std::max(data.users, t.users.max().item<std::int64_t>() + 1);
    data.items =
        std::max({data.items, t.first.max().item<std::int64_t>() + 1, t.second.max().item<std::int64_t>() + 1});
  });
  require_ids(data.user_ids, data.users, folder / "user_ids.txt");
  require_ids(data.item_ids, data.items, folder / "item_ids.txt");
  data.users = std::max(data.users, static_cast<std::int64_t>(data.user_ids.size()));
  data.items = std::max(data.items, static_cast<std::int64_t>(data.item_ids.size()));
}

}  // namespace

void declare(config::Fields& f, ComparisonArraysOptions& o) {
  f("path", o.path,
    "folder with users.npy, winners.npy and losers.npy, possibly labels.npy, weights.npy, user_ids.txt and "
    "item_ids.txt",
    config::required());
  f("evaluation_comparisons", o.evaluation_comparisons, "drawn at random and kept for evaluation", config::at_least(1));
  f("sample", o.sample,
    "training comparisons, drawn at random, that the start, the theory of steps, baselines and the information of the "
    "factors look at",
    config::at_least(1));
}

ComparisonData read_comparison_arrays(const ComparisonArraysOptions& o, const RandomStreams& streams) {
  const fs::path folder = o.path;
  ComparisonData data;
  StoredComparisons stored = open_columns(folder, data);
  if (stored.rows() == 0) throw DataError(fmt::format("{}: holds no comparisons", folder.string()));
  if (stored.rows() <= o.evaluation_comparisons)
    throw DataError(fmt::format("{}: {} comparisons are too few to keep {} for evaluation ('evaluation_comparisons')",
                                folder.string(), stored.rows(), o.evaluation_comparisons));
  data.user_ids = ids_of(folder / "user_ids.txt", data);
  data.item_ids = ids_of(folder / "item_ids.txt", data);
  count_ids(stored, folder, data);

  stored.held_out = drawn(o.evaluation_comparisons, stored.rows(), streams.generator("split"));
  const std::int64_t sample = std::min(o.sample, stored.examples());
  // Examples of the sample, as rows: those that are held out do not count.
  std::vector<std::int64_t> looked_at = drawn(sample, stored.examples(), streams.generator("sample"));
  for (std::size_t k = 0, held = 0; k < looked_at.size(); ++k) {
    while (held < stored.held_out.size() && stored.held_out[held] - static_cast<std::int64_t>(held) <= looked_at[k])
      ++held;
    looked_at[k] += static_cast<std::int64_t>(held);
  }
  data.summary.emplace(data.users, data.items);
  Parts training, evaluation;
  double weight = 0;
  for_each_block(stored, [&](const Triplets& t, std::int64_t begin) {
    const std::int64_t count = t.users.size(0);
    const at::Tensor held = places_in(stored.held_out, begin, count);
    const at::Tensor is_trained = at::ones({count}, at::kBool).index_fill(0, held, false);
    const Triplets trained = select(t, is_trained.nonzero().squeeze(1));
    data.summary->add(trained);
    weight += trained.weights.defined() ? trained.weights.sum().item<double>() : 0;
    evaluation.add(select(t, held));
    training.add(select(t, places_in(looked_at, begin, count)));
  });
  data.training = training.together();
  data.evaluation = evaluation.together();
  data.splits_evaluation = true;
  if (stored.weights) {
    stored.mean_weight = weight / static_cast<double>(stored.examples());
    if (stored.mean_weight == 0)
      throw DataError(fmt::format("{}: the weights of all comparisons are 0", stored.weights->path().string()));
    for (Triplets* part : {&data.training, &data.evaluation}) part->weights = part->weights / stored.mean_weight;
  }
  if (sample < stored.examples())
    data.notes.push_back(
        fmt::format("{}: comparisons stay on the disk; the start, the theory of steps, baselines and the information "
                    "of the factors "
                    "look at {} of them, drawn at random",
                    folder.string(), sample));
  data.stored = std::move(stored);
  return data;
}

}  // namespace talweg::tasks
