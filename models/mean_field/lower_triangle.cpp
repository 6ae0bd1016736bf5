#include "models/mean_field/lower_triangle.h"

#include <algorithm>
#include <new>

namespace talweg::mean_field {
namespace {

constexpr std::size_t kLine = 64;  // bytes

}  // namespace

void LowerTriangle::reserve(std::size_t rows) {
  if (rows <= room_) return;
  const std::size_t bytes = (offset(rows) * sizeof(double) + kLine - 1) / kLine * kLine;
  auto* memory = static_cast<double*>(std::aligned_alloc(kLine, std::max(bytes, kLine)));
  if (!memory) throw std::bad_alloc();
  std::copy(data_.get(), data_.get() + offset(rows_), memory);
  data_.reset(memory);
  room_ = rows;
}

void LowerTriangle::append(const double* numbers) {
  if (rows_ == room_) reserve(std::max<std::size_t>(64, room_ + room_ / 2));
  double* to = row(rows_);
  std::copy(numbers, numbers + rows_ + 1, to);
  std::fill(to + rows_ + 1, to + padded(rows_), 0.0);
  ++rows_;
}

std::vector<double> LowerTriangle::packed() const {
  std::vector<double> numbers;
  numbers.reserve(rows_ * (rows_ + 1) / 2);
  for (std::size_t i = 0; i < rows_; ++i) numbers.insert(numbers.end(), row(i), row(i) + i + 1);
  return numbers;
}

void LowerTriangle::unpack(const std::vector<double>& numbers, std::size_t rows) {
  rows_ = 0;
  reserve(rows);
  for (std::size_t i = 0; i < rows; ++i) append(numbers.data() + i * (i + 1) / 2);
}

}  // namespace talweg::mean_field
