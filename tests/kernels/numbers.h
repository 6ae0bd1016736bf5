#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <random>
#include <vector>

#include "core/simd/scratch.h"

namespace talweg::test {

/// Numbers in (−1, 1).
template <class T = double>
std::vector<T> numbers(std::int64_t count, std::uint64_t seed) {
  std::mt19937_64 bits(seed);
  std::vector<T> result(static_cast<std::size_t>(count));
  for (T& x : result) x = static_cast<T>(static_cast<double>(bits() >> 11) * 0x1p-52 - 1);
  return result;
}

/// Doubles at an address that vectors of every target may be loaded from.
class Aligned {
 public:
  explicit Aligned(std::size_t count) {
    const auto vectors = static_cast<std::int64_t>((count * sizeof(double) + simd::kWidestVector - 1) /
                                                   static_cast<std::size_t>(simd::kWidestVector));
    data_ = reinterpret_cast<double*>(scratch_.reserve(vectors));
    std::fill(data_, data_ + count, 0.0);
  }
  double* data() { return data_; }
  double& operator[](std::size_t i) { return data_[i]; }

 private:
  simd::Scratch scratch_;
  double* data_;
};

}  // namespace talweg::test
