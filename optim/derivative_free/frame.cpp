#include "optim/derivative_free/frame.h"

#include <utility>

#include "core/libtorch.h"

namespace talweg::optim {
namespace {

at::Tensor normal_rows(std::int64_t count, std::int64_t dimension, RandomGenerator& generator) {
  at::Tensor rows = at::empty({count, dimension}, at::kDouble);
  double* entry = rows.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < rows.numel(); ++i) entry[i] = generator.normal();
  return rows;
}

}  // namespace

Frame Frame::coordinates(std::int64_t dimension) {
  return {dimension, dimension, {}, 1};
}

Frame Frame::orthonormal(std::int64_t count, std::int64_t dimension, RandomGenerator generator) {
  const at::Tensor q = std::get<0>(at::linalg_qr(normal_rows(count, dimension, generator).t()));
  return {count, dimension, q.t().contiguous(), 1};
}

Frame Frame::signs(std::int64_t count, std::int64_t dimension, RandomGenerator generator) {
  at::Tensor rows = at::empty({count, dimension}, at::kDouble);
  double* sign = rows.mutable_data_ptr<double>();
  std::uint64_t bits = 0;
  for (std::int64_t i = 0; i < rows.numel(); ++i, bits >>= 1) {
    if (i % 64 == 0) bits = generator.next();
    sign[i] = bits & 1 ? 1 : -1;
  }
  return {count, dimension, std::move(rows), 1 / static_cast<double>(count)};
}

Frame Frame::gaussian(std::int64_t count, std::int64_t dimension, RandomGenerator generator) {
  return {count, dimension, normal_rows(count, dimension, generator), 1 / static_cast<double>(count)};
}

void Frame::displace(double* point, std::int64_t i, double h) const {
  if (!rows_.defined()) {
    point[i] += h;
    return;
  }
  const double* row = rows_.const_data_ptr<double>() + i * dimension_;
  for (std::int64_t j = 0; j < dimension_; ++j) point[j] += h * row[j];
}

at::Tensor Frame::combine(std::span<const double> slopes) const {
  at::Tensor gradient = at::zeros({dimension_}, at::kDouble);
  for (std::size_t i = 0; i < slopes.size(); ++i)
    displace(gradient.mutable_data_ptr<double>(), static_cast<std::int64_t>(i), scale_ * slopes[i]);
  return gradient;
}

double Frame::squared_length(std::int64_t i) const {
  if (!rows_.defined()) return 1;
  const double* row = rows_.const_data_ptr<double>() + i * dimension_;
  double sum = 0;
  for (std::int64_t j = 0; j < dimension_; ++j) sum += row[j] * row[j];
  return sum;
}

}  // namespace talweg::optim
