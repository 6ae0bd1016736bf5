#include "core/weights/quantized_blocks.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <cstring>

namespace talweg::weights {
namespace {

using Bytes = const std::uint8_t*;

template <class T>
T load(Bytes bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

float half(Bytes bytes) {
  return static_cast<float>(c10::Half(load<std::uint16_t>(bytes), c10::Half::from_bits()));
}

void f32(Bytes block, float* y) {
  *y = load<float>(block);
}
void f16(Bytes block, float* y) {
  *y = half(block);
}
void f64(Bytes block, float* y) {
  *y = static_cast<float>(load<double>(block));
}
void bf16(Bytes block, float* y) {
  *y = static_cast<float>(c10::BFloat16(load<std::uint16_t>(block), c10::BFloat16::from_bits()));
}

// The small formats: 32 numbers. The low halves of 16 bytes come first, then the high halves.

void q4_0(Bytes block, float* y) {
  const float scale = half(block);
  for (int j = 0; j < 16; ++j) {
    const int q = block[2 + j];
    y[j] = scale * static_cast<float>((q & 15) - 8);
    y[j + 16] = scale * static_cast<float>((q >> 4) - 8);
  }
}

void q4_1(Bytes block, float* y) {
  const float scale = half(block), least = half(block + 2);
  for (int j = 0; j < 16; ++j) {
    const int q = block[4 + j];
    y[j] = scale * static_cast<float>(q & 15) + least;
    y[j + 16] = scale * static_cast<float>(q >> 4) + least;
  }
}

/// The j-th number of Q5: four bits of `low`, the fifth is bit j of `high`.
int five_bits(Bytes low, std::uint32_t high, int j) {
  const int q = j < 16 ? low[j] & 15 : low[j - 16] >> 4;
  return q | static_cast<int>(high >> j & 1) << 4;
}

void q5_0(Bytes block, float* y) {
  const float scale = half(block);
  const auto high = load<std::uint32_t>(block + 2);
  for (int j = 0; j < 32; ++j) y[j] = scale * static_cast<float>(five_bits(block + 6, high, j) - 16);
}

void q5_1(Bytes block, float* y) {
  const float scale = half(block), least = half(block + 2);
  const auto high = load<std::uint32_t>(block + 4);
  for (int j = 0; j < 32; ++j) y[j] = scale * static_cast<float>(five_bits(block + 8, high, j)) + least;
}

void q8_0(Bytes block, float* y) {
  const float scale = half(block);
  for (int j = 0; j < 32; ++j) y[j] = scale * static_cast<float>(static_cast<std::int8_t>(block[2 + j]));
}

void iq4_nl(Bytes block, float* y) {
  static constexpr float levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  const float scale = half(block);
  for (int j = 0; j < 16; ++j) {
    y[j] = scale * levels[block[2 + j] & 15];
    y[j + 16] = scale * levels[block[2 + j] >> 4];
  }
}

// The K formats: 256 numbers in groups with scales of their own.

void q2_k(Bytes block, float* y) {
  Bytes scales = block, quarters = block + 16;
  const float scale = half(block + 80), least = half(block + 82);
  for (int part = 0; part < 2; ++part, quarters += 32)
    for (int shift = 0; shift < 8; shift += 2)
      for (int side = 0; side < 2; ++side, ++scales, y += 16) {
        const float s = scale * static_cast<float>(*scales & 15), m = least * static_cast<float>(*scales >> 4);
        for (int l = 0; l < 16; ++l) y[l] = s * static_cast<float>(quarters[16 * side + l] >> shift & 3) - m;
      }
}

void q3_k(Bytes block, float* y) {
  Bytes high = block, quarters = block + 32, packed = block + 96;
  const float scale = half(block + 108);
  int group = 0;
  for (int part = 0; part < 2; ++part, quarters += 32)
    for (int shift = 0; shift < 8; shift += 2)
      for (int side = 0; side < 2; ++side, ++group, y += 16) {
        // Six bits: four of the low bytes, two of the last four bytes.
        const int low = group < 8 ? packed[group] & 15 : packed[group - 8] >> 4;
        const int six = low | (packed[8 + group % 4] >> (2 * (group / 4)) & 3) << 4;
        const float s = scale * static_cast<float>(six - 32);
        const int bit = 4 * part + shift / 2;
        for (int l = 0; l < 16; ++l) {
          const int q = quarters[16 * side + l] >> shift & 3;
          y[l] = s * static_cast<float>(q - (high[16 * side + l] >> bit & 1 ? 0 : 4));
        }
      }
}

/// The six-bit scale and offset of group j of Q4_K and Q5_K.
std::pair<int, int> scale_and_offset(Bytes packed, int j) {
  if (j < 4) return {packed[j] & 63, packed[j + 4] & 63};
  return {(packed[j + 4] & 15) | packed[j - 4] >> 6 << 4, packed[j + 4] >> 4 | packed[j] >> 6 << 4};
}

void q4_k(Bytes block, float* y) {
  const float scale = half(block), least = half(block + 2);
  for (int j = 0; j < 8; ++j, y += 32) {
    const auto [s, m] = scale_and_offset(block + 4, j);
    const float d = scale * static_cast<float>(s), offset = least * static_cast<float>(m);
    Bytes q = block + 16 + 32 * (j / 2);
    for (int l = 0; l < 32; ++l) y[l] = d * static_cast<float>(j % 2 ? q[l] >> 4 : q[l] & 15) - offset;
  }
}

void q5_k(Bytes block, float* y) {
  const float scale = half(block), least = half(block + 2);
  Bytes high = block + 16;
  for (int j = 0; j < 8; ++j, y += 32) {
    const auto [s, m] = scale_and_offset(block + 4, j);
    const float d = scale * static_cast<float>(s), offset = least * static_cast<float>(m);
    Bytes q = block + 48 + 32 * (j / 2);
    for (int l = 0; l < 32; ++l) {
      const int value = (j % 2 ? q[l] >> 4 : q[l] & 15) | (high[l] >> j & 1) << 4;
      y[l] = d * static_cast<float>(value) - offset;
    }
  }
}

void q6_k(Bytes block, float* y) {
  const float scale = half(block + 208);
  for (int part = 0; part < 2; ++part, y += 128) {
    Bytes low = block + 64 * part, high = block + 128 + 32 * part, scales = block + 192 + 8 * part;
    for (int group = 0; group < 4; ++group)
      for (int l = 0; l < 32; ++l) {
        const int byte = low[l + 32 * (group % 2)];
        const int q = (group < 2 ? byte & 15 : byte >> 4) | (high[l] >> (2 * group) & 3) << 4;
        const float s = scale * static_cast<float>(static_cast<std::int8_t>(scales[2 * group + l / 16]));
        y[32 * group + l] = s * static_cast<float>(q - 32);
      }
  }
}

/// The format whose blocks of `Size` bytes `Unpack` turns into `Values` numbers each.
template <void (*Unpack)(Bytes, float*), std::int64_t Values, std::int64_t Size>
constexpr BlockFormat format(std::uint32_t id, std::string_view name) {
  return {id, name, Values, Size, [](const std::uint8_t* bytes, std::int64_t blocks, float* numbers) {
            for (std::int64_t i = 0; i < blocks; ++i) Unpack(bytes + i * Size, numbers + i * Values);
          }};
}

constexpr BlockFormat kFormats[] = {
    format<f32, 1, 4>(0, "F32"),          format<f16, 1, 2>(1, "F16"),        format<q4_0, 32, 18>(2, "Q4_0"),
    format<q4_1, 32, 20>(3, "Q4_1"),      format<q5_0, 32, 22>(6, "Q5_0"),    format<q5_1, 32, 24>(7, "Q5_1"),
    format<q8_0, 32, 34>(8, "Q8_0"),      format<q2_k, 256, 84>(10, "Q2_K"),  format<q3_k, 256, 110>(11, "Q3_K"),
    format<q4_k, 256, 144>(12, "Q4_K"),   format<q5_k, 256, 176>(13, "Q5_K"), format<q6_k, 256, 210>(14, "Q6_K"),
    format<iq4_nl, 32, 18>(20, "IQ4_NL"), {24, "I8", 1, 1, nullptr},          {25, "I16", 1, 2, nullptr},
    {26, "I32", 1, 4, nullptr},           {27, "I64", 1, 8, nullptr},         format<f64, 1, 8>(28, "F64"),
    format<bf16, 1, 2>(30, "BF16")};

}  // namespace

const BlockFormat* find_block_format(std::uint32_t id) {
  for (const BlockFormat& format : kFormats)
    if (format.id == id) return &format;
  return nullptr;
}

}  // namespace talweg::weights
