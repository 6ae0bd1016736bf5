#include "core/data/golden.h"

#include <array>
#include <cmath>

#include "core/libtorch.h"

namespace talweg::data {
namespace {

/// Fills n rows of four features, one by one from index 1, and scales all by the largest norm.
template <class Row>
LabelledData build(std::int64_t n, std::int64_t classes, Row&& row) {
  LabelledData data{at::empty({n, 4}, at::kDouble), at::empty({n}, at::kLong), {}};
  double* inputs = data.inputs.mutable_data_ptr<double>();
  double largest = 0;
  for (std::int64_t i = 1; i <= n; ++i) {
    std::array<double, 4> x{};
    data.targets.mutable_data_ptr<std::int64_t>()[i - 1] = row(i, x);
    double squared = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      inputs[(i - 1) * 4 + static_cast<std::int64_t>(j)] = x[j];
      squared += x[j] * x[j];
    }
    largest = std::max(largest, std::sqrt(squared));
  }
  for (std::int64_t k = 0; k < n * 4; ++k) inputs[k] /= largest;
  for (std::int64_t c = 0; c < classes; ++c) data.class_names.push_back(std::to_string(c));
  return data;
}

}  // namespace

LabelledData golden_separable() {
  return build(64, 2, [](std::int64_t i, std::array<double, 4>& x) {
    const double label = i % 2 == 1 ? 1 : -1;
    double along = 0;  // ⟨a, u⟩ with u = (½, ½, ½, ½)
    for (std::size_t j = 0; j < 4; ++j) {
      x[j] = std::sin(1.7 * static_cast<double>(i) * static_cast<double>(j + 1));
      along += x[j] / 2;
    }
    const double shift = label * (0.2 + 0.3 * std::abs(std::sin(static_cast<double>(i)))) - along;
    for (double& value : x) value += shift / 2;
    return label > 0 ? 1 : 0;
  });
}

LabelledData golden_overlapping() {
  LabelledData data = golden_separable();
  for (const std::int64_t row : {4, 11, 21, 34, 48}) data.targets[row - 1] = 1 - data.targets[row - 1];
  return data;
}

LabelledData golden_three_classes() {
  return build(60, 3, [](std::int64_t i, std::array<double, 4>& x) {
    const std::int64_t label = (i - 1) % 3;
    for (std::size_t j = 0; j < 4; ++j)
      x[j] = 0.3 * std::sin(1.3 * static_cast<double>(i) * static_cast<double>(j + 1));
    x[static_cast<std::size_t>(label)] += 0.8;
    return label;
  });
}

}  // namespace talweg::data
