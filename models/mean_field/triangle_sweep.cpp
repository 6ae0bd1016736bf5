#include "models/mean_field/triangle_sweep.h"

#include "models/mean_field/triangle_rows.h"

#include <algorithm>
#include <cmath>

namespace talweg::mean_field {
namespace {

constexpr std::size_t kLanes = LowerTriangle::kLanes;
constexpr std::size_t kRowsOfAPart = 320;  // fewer are not worth another thread
constexpr std::size_t kMostParts = 16;

void sweep_groups(const std::vector<TriangleProduct>& products, std::size_t first, std::size_t last, std::size_t rows,
                  const std::vector<double*>& across) {
  for (std::size_t group = first; group < last; ++group) {
    const std::size_t row = group * kLanes, count = std::min(kLanes, rows - row);
    for (std::size_t i = 0; i < products.size(); ++i) {
      const TriangleProduct& p = products[i];
      group_products(p.matrix->row(row), LowerTriangle::padded(row), count, p.x, p.c + row, p.along + row, across[i]);
    }
  }
}

}  // namespace

void in_sequence(std::size_t count, const std::function<void(std::size_t)>& work) {
  for (std::size_t i = 0; i < count; ++i) work(i);
}

void TriangleSweep::run(const std::vector<TriangleProduct>& products, std::size_t rows, const Parallel& parallel) {
  const std::size_t length = padded_count(rows), groups = length / kLanes;
  const std::size_t parts = std::clamp<std::size_t>(rows / kRowsOfAPart, 1, kMostParts);
  scratch_.assign((parts - 1) * products.size() * length, 0);
  for (const TriangleProduct& p : products) std::fill(p.across, p.across + length, 0.0);
  const auto border = [&](std::size_t part) {  // parts of equal area
    return static_cast<std::size_t>(static_cast<double>(groups) *
                                    std::sqrt(static_cast<double>(part) / static_cast<double>(parts)));
  };
  parallel(parts, [&](std::size_t part) {
    std::vector<double*> across;
    for (std::size_t i = 0; i < products.size(); ++i)
      across.push_back(part == 0 ? products[i].across : scratch_.data() + ((part - 1) * products.size() + i) * length);
    sweep_groups(products, border(part), part + 1 == parts ? groups : border(part + 1), rows, across);
  });
  for (std::size_t part = 1; part < parts; ++part)
    for (std::size_t i = 0; i < products.size(); ++i) {
      const double* from = scratch_.data() + ((part - 1) * products.size() + i) * length;
      for (std::size_t s = 0; s < length; ++s) products[i].across[s] += from[s];
    }
}

}  // namespace talweg::mean_field
