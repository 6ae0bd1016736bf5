#include "tasks/triplets/stored_triplets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

template <class T>
at::Tensor read_column(const data::NpyColumn& column, std::int64_t begin, std::int64_t count, at::ScalarType type) {
  at::Tensor numbers = at::empty({count}, type);
  column.read(begin, std::span(numbers.mutable_data_ptr<T>(), static_cast<std::size_t>(count)));
  return numbers;
}

/// Throws at the first row of which `wrong` is true.
void require_none(const at::Tensor& wrong, const data::NpyColumn& column, std::int64_t begin, const char* message) {
  if (!wrong.any().item<bool>()) return;
  throw DataError(
      fmt::format("{}: row {} {}", column.path().string(), begin + wrong.nonzero()[0].item<std::int64_t>(), message));
}

}  // namespace

Triplets read_rows(const StoredComparisons& stored, std::int64_t begin, std::int64_t count) {
  const auto ids = [&](const data::NpyColumn& column) {
    return read_column<std::int32_t>(column, begin, count, at::kInt);
  };
  Triplets t{ids(*stored.users), ids(*stored.first), ids(*stored.second), {}, {}};
  require_none(t.first == t.second, *stored.second, begin, "names the item that it is compared with");
  if (stored.labels) {
    t.labels = read_column<double>(*stored.labels, begin, count, at::kDouble);
    require_none(((t.labels >= 0) & (t.labels <= 1)).logical_not(), *stored.labels, begin, "is no label from 0 to 1");
  } else {
    t.labels = at::ones({count}, at::kDouble);
  }
  if (stored.weights) {
    t.weights = read_column<double>(*stored.weights, begin, count, at::kDouble);
    require_none(((t.weights >= 0) & t.weights.isfinite()).logical_not(), *stored.weights, begin,
                 "is no weight from 0 on");
  }
  return t;
}

StoredTriplets::StoredTriplets(StoredComparisons stored, std::int64_t users, std::int64_t items, at::ScalarType type)
    : stored_(std::move(stored)), users_(users), items_(items), type_(type) {
  for (std::size_t j = 0; j < stored_.held_out.size(); ++j)
    before_.push_back(stored_.held_out[j] - static_cast<std::int64_t>(j));
}

std::int64_t StoredTriplets::row_of(std::int64_t index) const {
  return index + (std::upper_bound(before_.begin(), before_.end(), index) - before_.begin());
}

void StoredTriplets::require_known(const Triplets& rows, std::int64_t begin) const {
  const char* changed = "is beyond those that were there when the run began; the file has changed";
  require_none(rows.users >= users_, *stored_.users, begin, changed);
  require_none(rows.first >= items_, *stored_.first, begin, changed);
  require_none(rows.second >= items_, *stored_.second, begin, changed);
}

std::shared_ptr<const Triplets> StoredTriplets::block(std::int64_t number) const {
  const std::lock_guard lock(mutex_);
  if (const auto found = kept_.find(number); found != kept_.end()) {
    used_.splice(used_.begin(), used_, found->second.place);
    return found->second.rows;
  }
  const std::int64_t begin = number * kBlock;
  auto rows = std::make_shared<Triplets>(read_rows(stored_, begin, std::min(kBlock, stored_.rows() - begin)));
  require_known(*rows, begin);
  used_.push_front(number);
  kept_[number] = {rows, used_.begin()};
  if (used_.size() > kKept) {
    kept_.erase(used_.back());
    used_.pop_back();
  }
  return rows;
}

data::Batch StoredTriplets::batch(std::span<const std::int64_t> indices, std::int64_t) const {
  std::vector<std::int64_t> rows;
  rows.reserve(indices.size());
  for (const std::int64_t index : indices) rows.push_back(row_of(index));
  std::set<std::int64_t> numbers;
  for (std::size_t k = 0; k < rows.size() && numbers.size() <= kKept; ++k) numbers.insert(rows[k] / kBlock);
  const Triplets t = numbers.size() <= kKept ? from_blocks(rows, {numbers.begin(), numbers.end()}) : one_by_one(rows);
  data::Batch batch{{t.users, t.first, t.second, t.labels.to(type_)}, static_cast<std::int64_t>(rows.size())};
  if (t.weights.defined()) batch.tensors.push_back((t.weights / stored_.mean_weight).to(type_));
  return batch;
}

Triplets StoredTriplets::from_blocks(const std::vector<std::int64_t>& rows,
                                     const std::vector<std::int64_t>& numbers) const {
  std::vector<std::shared_ptr<const Triplets>> blocks;
  for (const std::int64_t number : numbers) blocks.push_back(block(number));
  // Where each row lies: its block among these, and its place there.
  std::vector<std::pair<std::size_t, std::int64_t>> places;
  places.reserve(rows.size());
  for (const std::int64_t row : rows) {
    const auto found = std::lower_bound(numbers.begin(), numbers.end(), row / kBlock);
    places.emplace_back(found - numbers.begin(), row % kBlock);
  }
  const auto gathered = [&]<class T>(at::Tensor Triplets::*column, T) {
    std::vector<const T*> sources;
    for (const auto& one : blocks) sources.push_back(((*one).*column).const_data_ptr<T>());
    at::Tensor into = at::empty({static_cast<std::int64_t>(rows.size())}, c10::CppTypeToScalarType<T>::value);
    T* out = into.mutable_data_ptr<T>();
    for (const auto& [which, place] : places) *out++ = sources[which][place];
    return into;
  };
  return {gathered(&Triplets::users, std::int32_t{}), gathered(&Triplets::first, std::int32_t{}),
          gathered(&Triplets::second, std::int32_t{}), gathered(&Triplets::labels, double{}),
          stored_.weights ? gathered(&Triplets::weights, double{}) : at::Tensor()};
}

Triplets StoredTriplets::one_by_one(const std::vector<std::int64_t>& rows) const {
  std::vector<at::Tensor> columns[5];
  for (const std::int64_t row : rows) {
    const Triplets one = read_rows(stored_, row, 1);
    require_known(one, row);
    std::size_t c = 0;
    for (const at::Tensor& column : {one.users, one.first, one.second, one.labels, one.weights})
      columns[c++].push_back(column);
  }
  return {at::cat(columns[0]), at::cat(columns[1]), at::cat(columns[2]), at::cat(columns[3]),
          stored_.weights ? at::cat(columns[4]) : at::Tensor()};
}

}  // namespace talweg::tasks
