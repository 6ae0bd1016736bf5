#include "models/language/packed_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "kernels/numbers.h"

namespace talweg::models {
namespace {

constexpr std::int64_t kRows = 7, kColumns = 96, kBlock = 32;

/// A normal number of IEEE's half precision from its bits.
double half(std::uint16_t bits) {
  const double magnitude = std::ldexp(1024 + (bits & 0x3ff), ((bits >> 10) & 31) - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

double brain_float(std::uint16_t bits) {
  const std::uint32_t word = static_cast<std::uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &word, sizeof(value));
  return value;
}

/// A format by ggml's number: bytes of a block of 32, halves in front of its codes, and its numbers from their codes.
struct Format {
  std::uint32_t id;
  std::int64_t bytes;
  double (*number)(const std::uint8_t* block, std::int64_t i);
};

std::uint16_t word_at(const std::uint8_t* bytes) {
  return static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8);
}
int nibble(const std::uint8_t* codes, std::int64_t i) {
  return i < 16 ? codes[i] & 15 : codes[i - 16] >> 4;
}

const Format kFormats[] = {
    {2, 18, [](const std::uint8_t* b, std::int64_t i) { return half(word_at(b)) * (nibble(b + 2, i) - 8); }},
    {3, 20,
     [](const std::uint8_t* b, std::int64_t i) { return half(word_at(b)) * nibble(b + 4, i) + half(word_at(b + 2)); }},
    {8, 34,
     [](const std::uint8_t* b, std::int64_t i) { return half(word_at(b)) * static_cast<std::int8_t>(b[2 + i]); }},
    {30, 64, [](const std::uint8_t* b, std::int64_t i) { return brain_float(word_at(b + 2 * i)); }},
};

class PackedKernelsOf : public ::testing::TestWithParam<Format> {};

/// Rows of random codes, with the exponents of factors held to about ±1.
std::vector<std::uint8_t> rows_of(const Format& format) {
  std::mt19937 random(9);
  const std::int64_t blocks = kRows * kColumns / kBlock;
  std::vector<std::uint8_t> data(static_cast<std::size_t>(blocks * format.bytes));
  for (std::uint8_t& byte : data) byte = static_cast<std::uint8_t>(random());
  for (std::int64_t b = 0; b < blocks; ++b) {
    std::uint8_t* block = data.data() + b * format.bytes;
    if (format.id == 30)
      for (std::int64_t i = 0; i < kBlock; ++i) block[2 * i + 1] = static_cast<std::uint8_t>((random() & 0x80) | 0x3f);
    else
      for (int factor = 0; factor < (format.id == 3 ? 2 : 1); ++factor)
        block[2 * factor + 1] = static_cast<std::uint8_t>((random() & 0x83) | 0x38);
  }
  return data;
}

TEST_P(PackedKernelsOf, UnpackAndMultiplyAsTheFormatSays) {
  const Format& format = GetParam();
  const PackedKernels* kernels = packed_kernels(format.id);
  ASSERT_NE(kernels, nullptr);
  const std::vector<std::uint8_t> data = rows_of(format);
  const std::vector<float> x = test::numbers<float>(kColumns, 10);
  std::vector<float> sums(kColumns / kBlock), y(kRows), unpacked(kRows * kColumns);
  block_sums(x.data(), kColumns, sums.data());
  kernels->product(data.data(), x.data(), sums.data(), kRows, kColumns, y.data());
  kernels->numbers(data.data(), kRows * kColumns, unpacked.data());
  for (std::int64_t r = 0; r < kRows; ++r) {
    double sum = 0, absolute = 0;
    for (std::int64_t c = 0; c < kColumns; ++c) {
      const std::int64_t i = r * kColumns + c;
      const double number = format.number(data.data() + i / kBlock * format.bytes, i % kBlock);
      EXPECT_EQ(unpacked[static_cast<std::size_t>(i)], static_cast<float>(number)) << r << ", " << c;
      sum += number * x[static_cast<std::size_t>(c)];
      absolute += std::abs(number * x[static_cast<std::size_t>(c)]);
    }
    EXPECT_NEAR(y[static_cast<std::size_t>(r)], sum, 3e-6 * absolute) << r;
  }
  for (std::size_t b = 0; b < sums.size(); ++b) {
    double sum = 0;
    for (std::size_t i = 0; i < kBlock; ++i) sum += x[b * kBlock + i];
    EXPECT_NEAR(sums[b], sum, 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, PackedKernelsOf, ::testing::ValuesIn(kFormats),
                         [](const auto& format) { return std::to_string(format.param.id); });

TEST(PackedKernels, AreThereForTheFormatsThatBoundDecodingOnly) {
  EXPECT_EQ(packed_kernels(14), nullptr);
}

}  // namespace
}  // namespace talweg::models
