#include "models/language/packed_kernels.h"

#include "core/simd/brain_float.h"

namespace talweg::models {
namespace {

constexpr std::int64_t kBlock = 32;  // numbers in a block of every format

/// The numbers of a block, or the inputs that they meet, as vectors.
template <class V>
using Parts = V[kBlock / simd::lane_count<V>];
template <class V>
inline constexpr int kParts = static_cast<int>(kBlock / simd::lane_count<V>);

/// As many bytes as a vector of float32 has lanes, as int32.
template <class V>
TALWEG_INLINE void widen(const std::uint8_t* bytes, simd::SameLanes<std::int32_t, V>& integers) {
  simd::SameLanes<std::uint8_t, V> small;
  std::memcpy(&small, bytes, sizeof(small));
  integers = __builtin_convertvector(small, simd::SameLanes<std::int32_t, V>);
}

/// The low halves of sixteen bytes, then the high ones.
template <class V>
TALWEG_INLINE void widen_halves(const std::uint8_t* bytes, Parts<V>& parts) {
  constexpr int kHalf = kParts<V> / 2;
  for (int i = 0; i < kHalf; ++i) {
    simd::SameLanes<std::int32_t, V> integers;
    widen<V>(bytes + i * simd::lane_count<V>, integers);
    parts[i] = __builtin_convertvector(integers & 15, V);
    parts[kHalf + i] = __builtin_convertvector(integers >> 4, V);
  }
}

/// A float16 as float32. The conversion is one instruction where vector units are.
TALWEG_INLINE float half_at(const std::uint8_t* at) {
#if defined(__aarch64__) || defined(__FLT16_MANT_DIG__)
#if defined(__aarch64__)
  __fp16 half;  // GCC 12 has the standard name of ARM's type in C only
#else
  _Float16 half;
#endif
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
  template <class V>
  TALWEG_INLINE static void block(const std::uint8_t* at, Parts<V>& parts, float& factor, float& offset) {
    widen_halves<V>(at + 4, parts);
    factor = half_at(at);
    offset = half_at(at + 2);
  }
};
struct Q4_0 {
  static constexpr std::int64_t kBytes = 18;
  template <class V>
  TALWEG_INLINE static void block(const std::uint8_t* at, Parts<V>& parts, float& factor, float& offset) {
    widen_halves<V>(at + 2, parts);
    factor = half_at(at);
    offset = -8 * factor;
  }
};
struct Q8_0 {
  static constexpr std::int64_t kBytes = 34;
  template <class V>
  TALWEG_INLINE static void block(const std::uint8_t* at, Parts<V>& parts, float& factor, float& offset) {
    for (int i = 0; i < kParts<V>; ++i) {
      simd::SameLanes<std::int8_t, V> small;
      std::memcpy(&small, at + 2 + i * simd::lane_count<V>, sizeof(small));
      const auto integers = __builtin_convertvector(small, simd::SameLanes<std::int32_t, V>);
      parts[i] = __builtin_convertvector(integers, V);
    }
    factor = half_at(at);
    offset = 0;
  }
};

// Rows are taken several at a time: they share the loads of x, and their sums do not wait for each other. What the next
// rows need is asked for while these are multiplied, as a processor's own prefetching ends with every row of a stream.
constexpr int kRowsAtOnce = 4;

/// The products of `Rows` rows that follow each other.
template <class V, class Format, int Rows>
TALWEG_INLINE void block_rows(const std::uint8_t* data, const float* x, const float* sums, std::int64_t blocks,
                              float* y) {
  const std::int64_t row_bytes = blocks * Format::kBytes;
  V totals[Rows] = {};
  float shifts[Rows] = {};
  for (std::int64_t b = 0; b < blocks; ++b) {
    Parts<V> inputs;
    for (int i = 0; i < kParts<V>; ++i) simd::load(x + kBlock * b + i * simd::lane_count<V>, inputs[i]);
    for (int r = 0; r < Rows; ++r) {
      const std::uint8_t* at = data + r * row_bytes + b * Format::kBytes;
      __builtin_prefetch(at + Rows * row_bytes);
      Parts<V> numbers;
      float factor, offset;
      Format::template block<V>(at, numbers, factor, offset);
      V product = numbers[0] * inputs[0];
      for (int i = 1; i < kParts<V>; ++i) product += numbers[i] * inputs[i];
      totals[r] += product * factor;
      shifts[r] += offset * sums[b];
    }
  }
  for (int r = 0; r < Rows; ++r) y[r] = simd::pairwise_sum(totals[r]) + shifts[r];
}

template <class Format>
struct BlockProduct {
  template <class Units>
  TALWEG_INLINE static void run(const std::uint8_t* data, const float* x, const float* sums, std::int64_t rows,
                                std::int64_t columns, float* y) {
    using V = simd::Vector<Units, float>;
    const std::int64_t blocks = columns / kBlock, row_bytes = blocks * Format::kBytes;
    std::int64_t r = 0;
    for (; r + kRowsAtOnce <= rows; r += kRowsAtOnce)
      block_rows<V, Format, kRowsAtOnce>(data + r * row_bytes, x, sums, blocks, y + r);
    for (; r < rows; ++r) block_rows<V, Format, 1>(data + r * row_bytes, x, sums, blocks, y + r);
  }
};

template <class Format>
struct BlockNumbers {
  template <class Units>
  TALWEG_INLINE static void run(const std::uint8_t* data, std::int64_t count, float* numbers) {
    using V = simd::Vector<Units, float>;
    for (std::int64_t i = 0; i < count; i += kBlock, data += Format::kBytes) {
      Parts<V> parts;
      float factor, offset;
      Format::template block<V>(data, parts, factor, offset);
      for (int k = 0; k < kParts<V>; ++k) {
        // Products of so few bits are exact: only the sum rounds, fused or not.
        const V part = parts[k] * factor + offset;
        simd::store(part, numbers + i + k * simd::lane_count<V>);
      }
    }
  }
};

struct BlockSums {
  template <class Units>
  TALWEG_INLINE static void run(const float* x, std::int64_t columns, float* sums) {
    using V = simd::Vector<Units, float>;
    for (std::int64_t b = 0; b < columns / kBlock; ++b) {
      V total = {};
      for (int i = 0; i < kParts<V>; ++i) {
        V part;
        simd::load(x + kBlock * b + i * simd::lane_count<V>, part);
        total += part;
      }
      sums[b] = static_cast<float>(simd::sum(total));
    }
  }
};

template <class V, int Rows>
TALWEG_INLINE void brain_rows(const simd::BrainFloat* data, const float* x, std::int64_t columns, float* y) {
  constexpr std::int64_t kLanes = simd::lane_count<V>;
  V sums[Rows][2] = {};
  std::int64_t i = 0;
  for (; i + 2 * kLanes <= columns; i += 2 * kLanes) {
    V first, second;
    simd::load(x + i, first);
    simd::load(x + i + kLanes, second);
    for (int r = 0; r < Rows; ++r) {
      const simd::BrainFloat* at = data + r * columns + i;
      __builtin_prefetch(at + Rows * columns);
      V w;
      simd::load_floats(at, kLanes, w);
      sums[r][0] += w * first;
      simd::load_floats(at + kLanes, kLanes, w);
      sums[r][1] += w * second;
    }
  }
  for (; i < columns; i += kLanes) {
    const std::int64_t valid = columns - i < kLanes ? columns - i : kLanes;
    V v;
    simd::load_floats(x + i, valid, v);
    for (int r = 0; r < Rows; ++r) {
      V w;
      simd::load_floats(data + r * columns + i, valid, w);
      sums[r][0] += w * v;
    }
  }
  for (int r = 0; r < Rows; ++r) {
    sums[r][0] += sums[r][1];
    y[r] = simd::pairwise_sum(sums[r][0]);
  }
}

struct BrainProduct {
  template <class Units>
  TALWEG_INLINE static void run(const std::uint8_t* data, const float* x, std::int64_t rows, std::int64_t columns,
                                float* y) {
    using V = simd::Vector<Units, float>;
    const auto* numbers = reinterpret_cast<const simd::BrainFloat*>(data);
    std::int64_t r = 0;
    for (; r + kRowsAtOnce <= rows; r += kRowsAtOnce)
      brain_rows<V, kRowsAtOnce>(numbers + r * columns, x, columns, y + r);
    for (; r < rows; ++r) brain_rows<V, 1>(numbers + r * columns, x, columns, y + r);
  }
};

struct BrainNumbers {
  template <class Units>
  TALWEG_INLINE static void run(const std::uint8_t* data, std::int64_t count, float* numbers) {
    using V = simd::Vector<Units, float>;
    const auto* from = reinterpret_cast<const simd::BrainFloat*>(data);
    for (std::int64_t i = 0; i < count; i += simd::lane_count<V>) {
      const std::int64_t valid = count - i < simd::lane_count<V> ? count - i : simd::lane_count<V>;
      V lanes;
      simd::load_floats(from + i, valid, lanes);
      simd::store_floats(lanes, valid, numbers + i);
    }
  }
};

template <class Format>
void multiply(const std::uint8_t* data, const float* x, const float* sums, std::int64_t rows, std::int64_t columns,
              float* y) {
  simd::dispatch<BlockProduct<Format>>(data, x, sums, rows, columns, y);
}
template <class Format>
void unpack(const std::uint8_t* data, std::int64_t count, float* numbers) {
  simd::dispatch<BlockNumbers<Format>>(data, count, numbers);
}
void multiply_brain(const std::uint8_t* data, const float* x, const float*, std::int64_t rows, std::int64_t columns,
                    float* y) {
  simd::dispatch<BrainProduct>(data, x, rows, columns, y);
}
void unpack_brain(const std::uint8_t* data, std::int64_t count, float* numbers) {
  simd::dispatch<BrainNumbers>(data, count, numbers);
}

}  // namespace

void block_sums(const float* x, std::int64_t columns, float* sums) {
  simd::dispatch<BlockSums>(x, columns, sums);
}

const PackedKernels* packed_kernels(std::uint32_t format) {
  static constexpr PackedKernels q4_0{multiply<Q4_0>, unpack<Q4_0>}, q4_1{multiply<Q4_1>, unpack<Q4_1>},
      q8_0{multiply<Q8_0>, unpack<Q8_0>}, brain{multiply_brain, unpack_brain};
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
