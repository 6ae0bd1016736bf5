#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "core/data/dataset.h"
#include "core/data/npy_column.h"
#include "tasks/triplets/triplets.h"

namespace talweg::tasks {

/// Comparisons in NumPy files of equal length.
struct StoredComparisons {
  std::shared_ptr<const data::NpyColumn> users, first, second;
  std::shared_ptr<const data::NpyColumn> labels, weights;  ///< or null: all 1
  std::vector<std::int64_t> held_out = {};                 ///< rows that are not trained on, ascending
  double mean_weight = 1;                                  ///< by which weights are divided

  std::int64_t rows() const { return users->size(); }
  std::int64_t examples() const { return rows() - static_cast<std::int64_t>(held_out.size()); }
};

/// Rows [begin, begin + count) of the files, held out or not; float64 labels and weights, not divided. Throws DataError
/// naming file and row: ids that are no whole numbers from 0 on, an item that is compared with itself, labels outside
/// [0, 1], weights that are not finite or negative.
Triplets read_rows(const StoredComparisons& stored, std::int64_t begin, std::int64_t count);

/// The rows of stored comparisons that are trained on: {users, first, second, labels[, weights]}. In memory are the
/// blocks of kBlock rows that were used last.
class StoredTriplets : public data::Dataset {
 public:
  static constexpr std::int64_t kBlock = 65536;
  /// Blocks that are kept, of up to 28 bytes a row: 59 MB.
  static constexpr std::size_t kKept = 32;

  /// Ids are below `users` and `items`; labels and weights of batches are of `type`.
  StoredTriplets(StoredComparisons stored, std::int64_t users, std::int64_t items, at::ScalarType type);

  std::int64_t size() const override { return stored_.examples(); }
  /// Batches that lie in few blocks read those whole; of others every row is read by itself. Throws DataError when a
  /// file has changed under the run, so that an id is out of range.
  data::Batch batch(std::span<const std::int64_t> indices, std::int64_t step) const override;

 private:
  std::int64_t row_of(std::int64_t index) const;
  std::shared_ptr<const Triplets> block(std::int64_t number) const;
  Triplets from_blocks(const std::vector<std::int64_t>& rows, const std::vector<std::int64_t>& numbers) const;
  Triplets one_by_one(const std::vector<std::int64_t>& rows) const;
  void require_known(const Triplets& rows, std::int64_t begin) const;

  StoredComparisons stored_;
  std::vector<std::int64_t> before_;  // held_out[j] − j: examples before the j-th row that is held out
  std::int64_t users_, items_;
  at::ScalarType type_;

  mutable std::mutex mutex_;
  mutable std::list<std::int64_t> used_;  // numbers of kept blocks, the last used first
  struct Kept {
    std::shared_ptr<const Triplets> rows;
    std::list<std::int64_t>::iterator place;
  };
  mutable std::unordered_map<std::int64_t, Kept> kept_;
};

}  // namespace talweg::tasks
