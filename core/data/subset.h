#pragma once

#include <memory>
#include <vector>

#include "core/data/dataset.h"

namespace talweg::data {

/// Some examples of a data set, as a data set.
class Subset : public Dataset {
 public:
  /// `whole` must outlive it; `chosen`: indices of `whole`, at least one.
  Subset(const Dataset& whole, std::vector<std::int64_t> chosen) : whole_(whole), chosen_(std::move(chosen)) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(chosen_.size()); }
  Batch batch(std::span<const std::int64_t> indices, std::int64_t step) const override {
    std::vector<std::int64_t> of_whole;
    of_whole.reserve(indices.size());
    for (const std::int64_t i : indices) of_whole.push_back(chosen_[static_cast<std::size_t>(i)]);
    return whole_.batch(of_whole, step);
  }

 private:
  const Dataset& whole_;
  std::vector<std::int64_t> chosen_;
};

}  // namespace talweg::data
