#include "models/language/packed_kernels.h"

#include "core/simd/brain_float.h"

namespace talweg::models {
namespace {

using simd::Lanes;
typedef std::uint8_t Bytes __attribute__((vector_size(16)));

typedef std::int32_t Integers __attribute__((vector_size(64)));

/// Sixteen small numbers as float32, by way of int32: the direct conversion is not one of the vector units'.
template <class Sixteen>
TALWEG_INLINE void widen(const Sixteen& small, Lanes<float>& wide) {
  const Integers integers = __builtin_convertvector(small, Integers);
  wide = __builtin_convertvector(integers, Lanes<float>);
}

/// The low halves of sixteen bytes, then the high ones.
TALWEG_INLINE void widen_halves(const std::uint8_t* bytes, Lanes<float>& low, Lanes<float>& high) {
  Bytes packed;
  std::memcpy(&packed, bytes, 16);
  widen(packed & 15, low);
  widen(packed >> 4, high);
}

/// A float16 as float32. The conversion is one instruction where vector units are.
TALWEG_INLINE float half_at(const std::uint8_t* at) {
#if defined(__FLT16_MANT_DIG__)
  _Float16 half;
  std::memcpy(&half, at, 2);
  return static_cast<float>(half);
#else
  std::uint16_t bits;
  std::memcpy(&bits, at, 2);
  const std::uint32_t sign = (bits & 0x8000U) << 16, rest = (bits & 0x7fffU) << 13;
  // Moving the exponent's bias by a product gets subnormal numbers right.
  float value;
  std::memcpy(&value, &rest, 4);
  value *= 0x1p112F;
  std::uint32_t word;
  std::memcpy(&word, &value, 4);
  word |= sign;
  std::memcpy(&value, &word, 4);
  return value;
#endif
}

/// What a block contributes: numbers as lanes, to be multiplied with x and a factor, and an offset for the sum of x.
struct Q4_1 {
  static constexpr std::int64_t kBytes = 20;
  TALWEG_INLINE static void block(const std::uint8_t* at, Lanes<float>& first, Lanes<float>& second, float& factor,
                                  float& offset) {
    widen_halves(at + 4, first, second);
    factor = half_at(at);
    offset = half_at(at + 2);
  }
};
struct Q4_0 {
  static constexpr std::int64_t kBytes = 18;
  TALWEG_INLINE static void block(const std::uint8_t* at, Lanes<float>& first, Lanes<float>& second, float& factor,
                                  float& offset) {
    widen_halves(at + 2, first, second);
    factor = half_at(at);
    offset = -8 * factor;
  }
};
struct Q8_0 {
  static constexpr std::int64_t kBytes = 34;
  TALWEG_INLINE static void block(const std::uint8_t* at, Lanes<float>& first, Lanes<float>& second, float& factor,
                                  float& offset) {
    // Moved up by 128 they are without a sign, which the offset takes back.
    Bytes low, high;
    std::memcpy(&low, at + 2, 16);
    std::memcpy(&high, at + 18, 16);
    widen(low ^ 128, first);
    widen(high ^ 128, second);
    factor = half_at(at);
    offset = -128 * factor;
  }
};

// Rows are taken several at a time: they share the loads of x, and their sums do not wait for each other. What the next
// rows need is asked for while these are multiplied, as a processor's own prefetching ends with every row of a stream.
constexpr int kRowsAtOnce = 4;

/// The products of `Rows` rows that follow each other.
template <class Format, int Rows>
TALWEG_INLINE void block_rows(const std::uint8_t* data, const float* x, const float* sums, std::int64_t blocks,
                              float* y) {
  const std::int64_t row_bytes = blocks * Format::kBytes;
  Lanes<float> totals[Rows] = {};
  float shifts[Rows] = {};
  for (std::int64_t b = 0; b < blocks; ++b) {
    Lanes<float> x_first, x_second;
    std::memcpy(&x_first, x + 32 * b, 64);
    std::memcpy(&x_second, x + 32 * b + 16, 64);
    for (int r = 0; r < Rows; ++r) {
      const std::uint8_t* at = data + r * row_bytes + b * Format::kBytes;
      __builtin_prefetch(at + Rows * row_bytes);
      Lanes<float> first, second;
      float factor, offset;
      Format::block(at, first, second, factor, offset);
      totals[r] += (first * x_first + second * x_second) * factor;
      shifts[r] += offset * sums[b];
    }
  }
  for (int r = 0; r < Rows; ++r) y[r] = simd::pairwise_sum(totals[r]) + shifts[r];
}

template <class Format>
TALWEG_INLINE void block_product(const std::uint8_t* data, const float* x, const float* sums, std::int64_t rows,
                                 std::int64_t columns, float* y) {
  const std::int64_t blocks = columns / 32, row_bytes = blocks * Format::kBytes;
  std::int64_t r = 0;
  for (; r + kRowsAtOnce <= rows; r += kRowsAtOnce)
    block_rows<Format, kRowsAtOnce>(data + r * row_bytes, x, sums, blocks, y + r);
  for (; r < rows; ++r) block_rows<Format, 1>(data + r * row_bytes, x, sums, blocks, y + r);
}

template <int Rows>
TALWEG_INLINE void brain_rows(const simd::BrainFloat* data, const float* x, std::int64_t columns, float* y) {
  Lanes<float> sums[Rows][2] = {};
  std::int64_t i = 0;
  for (; i + 32 <= columns; i += 32) {
    Lanes<float> x_first, x_second;
    std::memcpy(&x_first, x + i, 64);
    std::memcpy(&x_second, x + i + 16, 64);
    for (int r = 0; r < Rows; ++r) {
      const simd::BrainFloat* at = data + r * columns + i;
      __builtin_prefetch(at + Rows * columns);
      Lanes<float> w;
      simd::load_floats(at, 16, w);
      sums[r][0] += w * x_first;
      simd::load_floats(at + 16, 16, w);
      sums[r][1] += w * x_second;
    }
  }
  for (; i < columns; i += 16) {
    const std::int64_t valid = columns - i < 16 ? columns - i : 16;
    Lanes<float> v;
    simd::load_floats(x + i, valid, v);
    for (int r = 0; r < Rows; ++r) {
      Lanes<float> w;
      simd::load_floats(data + r * columns + i, valid, w);
      sums[r][0] += w * v;
    }
  }
  for (int r = 0; r < Rows; ++r) y[r] = simd::pairwise_sum(sums[r][0] + sums[r][1]);
}

TALWEG_INLINE void brain_product(const std::uint8_t* data, const float* x, std::int64_t rows, std::int64_t columns,
                                 float* y) {
  const auto* numbers = reinterpret_cast<const simd::BrainFloat*>(data);
  std::int64_t r = 0;
  for (; r + kRowsAtOnce <= rows; r += kRowsAtOnce) brain_rows<kRowsAtOnce>(numbers + r * columns, x, columns, y + r);
  for (; r < rows; ++r) brain_rows<1>(numbers + r * columns, x, columns, y + r);
}

template <class Format>
TALWEG_INLINE void block_numbers(const std::uint8_t* data, std::int64_t count, float* numbers) {
  for (std::int64_t i = 0; i < count; i += 32, data += Format::kBytes) {
    Lanes<float> first, second;
    float factor, offset;
    Format::block(data, first, second, factor, offset);
    // Products of so few bits are exact: only the sum rounds, fused or not.
    first = first * factor + offset;
    second = second * factor + offset;
    std::memcpy(numbers + i, &first, 64);
    std::memcpy(numbers + i + 16, &second, 64);
  }
}

TALWEG_VECTOR_CLONES void numbers_q4_0(const std::uint8_t* data, std::int64_t count, float* numbers) {
  block_numbers<Q4_0>(data, count, numbers);
}
TALWEG_VECTOR_CLONES void numbers_q4_1(const std::uint8_t* data, std::int64_t count, float* numbers) {
  block_numbers<Q4_1>(data, count, numbers);
}
TALWEG_VECTOR_CLONES void numbers_q8_0(const std::uint8_t* data, std::int64_t count, float* numbers) {
  block_numbers<Q8_0>(data, count, numbers);
}
TALWEG_VECTOR_CLONES void numbers_brain(const std::uint8_t* data, std::int64_t count, float* numbers) {
  const auto* from = reinterpret_cast<const simd::BrainFloat*>(data);
  Lanes<float> lanes;
  std::int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    simd::load_floats(from + i, 16, lanes);
    simd::store_floats(lanes, 16, numbers + i);
  }
  if (i == count) return;
  simd::load_floats(from + i, count - i, lanes);
  simd::store_floats(lanes, count - i, numbers + i);
}

TALWEG_VECTOR_CLONES void multiply_q4_0(const std::uint8_t* data, const float* x, const float* sums, std::int64_t rows,
                                        std::int64_t columns, float* y) {
  block_product<Q4_0>(data, x, sums, rows, columns, y);
}
TALWEG_VECTOR_CLONES void multiply_q4_1(const std::uint8_t* data, const float* x, const float* sums, std::int64_t rows,
                                        std::int64_t columns, float* y) {
  block_product<Q4_1>(data, x, sums, rows, columns, y);
}
TALWEG_VECTOR_CLONES void multiply_q8_0(const std::uint8_t* data, const float* x, const float* sums, std::int64_t rows,
                                        std::int64_t columns, float* y) {
  block_product<Q8_0>(data, x, sums, rows, columns, y);
}
TALWEG_VECTOR_CLONES void multiply_brain(const std::uint8_t* data, const float* x, const float*, std::int64_t rows,
                                         std::int64_t columns, float* y) {
  brain_product(data, x, rows, columns, y);
}

}  // namespace

TALWEG_VECTOR_CLONES void block_sums(const float* x, std::int64_t columns, float* sums) {
  for (std::int64_t b = 0; b < columns / 32; ++b) {
    Lanes<float> first, second;
    std::memcpy(&first, x + 32 * b, 64);
    std::memcpy(&second, x + 32 * b + 16, 64);
    sums[b] = static_cast<float>(simd::sum<float>(first + second));
  }
}

const PackedKernels* packed_kernels(std::uint32_t format) {
  static constexpr PackedKernels q4_0{multiply_q4_0, numbers_q4_0}, q4_1{multiply_q4_1, numbers_q4_1},
      q8_0{multiply_q8_0, numbers_q8_0}, brain{multiply_brain, numbers_brain};
  switch (format) {
    case 2:
      return &q4_0;
    case 3:
      return &q4_1;
    case 8:
      return &q8_0;
    case 30:
      return &brain;
    default:
      return nullptr;
  }
}

}  // namespace talweg::models
