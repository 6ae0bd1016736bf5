#include "core/weights/gguf.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/temporary_folder.h"
#include "core/weights/gguf_bytes.h"
#include "core/weights/gguf_header.h"
#include "real_data.h"

namespace talweg::weights {
namespace {

GgufBytes example() {
  GgufBytes file;
  file.head(2, 5);
  file.text("general.architecture").number<std::uint32_t>(8).text("llama");
  file.text("count").number<std::uint32_t>(4).number<std::uint32_t>(7);
  file.text("rate").number<std::uint32_t>(6).number<float>(0.5f);
  file.text("yes").number<std::uint32_t>(7).number<std::uint8_t>(1);
  file.text("words").number<std::uint32_t>(9).number<std::uint32_t>(8).number<std::uint64_t>(2).text("a").text("b");
  file.tensor("matrix", {3, 2}, 0, 0);
  file.tensor("whole", {2}, 26, 32);
  file.pad();
  for (float value : {1.f, 2.f, 3.f, 4.f, 5.f, 6.f}) file.number(value);
  file.pad().number<std::int32_t>(-1).number<std::int32_t>(9);
  return file;
}

TEST(Gguf, ReadsValuesAndTensors) {
  const talweg::testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "x.gguf", std::ios::binary) << example().bytes;
  const GgufFile file(folder.path() / "x.gguf");
  EXPECT_EQ(file.get<std::string>("general.architecture"), "llama");
  EXPECT_EQ(file.get<std::int64_t>("count"), 7);
  EXPECT_EQ(file.get<double>("rate"), 0.5);
  EXPECT_TRUE(file.get<bool>("yes"));
  EXPECT_EQ(file.get<std::vector<std::string>>("words"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(file.get_or<std::int64_t>("absent", 3), 3);
  EXPECT_THROW(file.get<std::int64_t>("words"), DataError);
  EXPECT_THROW(file.get<double>("absent"), DataError);
  EXPECT_THROW(file.tensor("absent"), DataError);
  // The file's first dimension is the contiguous one.
  EXPECT_TRUE(at::equal(file.tensor("matrix"), at::tensor({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}).view({2, 3})));
  EXPECT_TRUE(at::equal(file.tensor("whole"), at::tensor({-1, 9}, at::kInt)));
}

TEST(Gguf, EveryTruncationIsAnError) {
  const std::string whole = example().bytes;
  ASSERT_NO_THROW(read_gguf_header(whole, "x"));
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_THROW(read_gguf_header(std::string_view(whole).substr(0, length), "x"), DataError) << length;
}

std::string complaint(const GgufBytes& file) {
  try {
    read_gguf_header(file.bytes, "x");
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(Gguf, HostileNumbersAreRefused) {
  const auto huge = std::uint64_t{1} << 63;
  EXPECT_THAT(complaint(GgufBytes{}.head(0, huge)), ::testing::HasSubstr("keys do not fit"));
  EXPECT_THAT(complaint(GgufBytes{}.head(huge, 0)), ::testing::HasSubstr("tensors do not fit"));
  EXPECT_THAT(complaint(GgufBytes{}.head(1, 0).tensor("t", {huge}, 0, 0).pad()), ::testing::HasSubstr("overflows"));
  EXPECT_THAT(complaint(GgufBytes{}.head(1, 0).tensor("t", {1u << 31, 1u << 31, 1u << 31}, 0, 0).pad()),
              ::testing::HasSubstr("overflows"));
  EXPECT_THAT(complaint(GgufBytes{}.head(1, 0).tensor("t", {1u << 31}, 0, 0).pad().zeros(32)),
              ::testing::HasSubstr("do not fit"));
  EXPECT_THAT(complaint(GgufBytes{}.head(1, 0).tensor("t", {4}, 0, 64).pad().zeros(32)),
              ::testing::HasSubstr("do not lie"));
  EXPECT_THAT(complaint(GgufBytes{}.head(1, 0).tensor("t", {4}, 0, huge).pad().zeros(32)),
              ::testing::HasSubstr("do not lie"));
  EXPECT_THAT(complaint(GgufBytes{}.head(1, 0).tensor("t", {4}, 0, 8).pad().zeros(64)),
              ::testing::HasSubstr("not a multiple"));
  EXPECT_THAT(complaint(GgufBytes{}.head(2, 0).tensor("t", {16}, 0, 0).tensor("u", {4}, 0, 32).pad().zeros(64)),
              ::testing::HasSubstr("overlap"));
  EXPECT_THAT(complaint(GgufBytes{}.head(2, 0).tensor("t", {4}, 0, 0).tensor("t", {4}, 0, 32).pad().zeros(64)),
              ::testing::HasSubstr("two tensors"));
  EXPECT_THAT(complaint(GgufBytes{}.head(1, 0).tensor("t", {33}, 8, 0).pad().zeros(64)),
              ::testing::HasSubstr("blocks"));
  EXPECT_THAT(complaint(GgufBytes{}.head(1, 0).tensor("t", {32}, 99, 0).pad().zeros(64)),
              ::testing::HasSubstr("type 99"));
  EXPECT_THAT(
      complaint(GgufBytes{}.head(0, 1).text("k").number<std::uint32_t>(9).number<std::uint32_t>(0).number(huge)),
      ::testing::HasSubstr("does not fit"));
  GgufBytes deep;
  deep.head(0, 1).text("k").number<std::uint32_t>(9);
  for (int i = 0; i < 100; ++i) deep.number<std::uint32_t>(9).number<std::uint64_t>(1);
  EXPECT_THAT(complaint(deep), ::testing::HasSubstr("too deep"));
  GgufBytes aligned;
  aligned.head(0, 1).text("general.alignment").number<std::uint32_t>(4).number<std::uint32_t>(0);
  EXPECT_THAT(complaint(aligned), ::testing::HasSubstr("power of two"));
  EXPECT_THAT(complaint(GgufBytes{"GGUF"}.number<std::uint32_t>(0x03000000)), ::testing::HasSubstr("big-endian"));
}

/// One block of bytes (37·i + 11) mod 256 with scales 0.25 and −1.5, and what the package `gguf` 0.19 makes of it:
/// first and last number, sum, and sum weighted by 1, 2, 3 …
struct BlockCase {
  std::uint32_t id;
  std::vector<int> scales;
  double first, last, sum, weighted;
};

TEST(Gguf, BlocksAreUnpackedAsTheReferenceDoes) {
  const BlockCase cases[] = {{2, {0}, -0.75, 0, -5.25, -129.5},
                             {3, {0, 2}, 2.25, 1.5, 13.25, 203.75},
                             {6, {0}, 2.25, 0.25, 3.75, 28},
                             {7, {0, 2}, 3.25, -0.25, 78.25, 1183.25},
                             {8, {0}, 21.25, -12, -44, -2020},
                             {10, {80, 82}, 8.25, 6, 3244.75, 436755.5},
                             {11, {108}, 20.25, 10.5, 239.5, 44286.25},
                             {12, {0, 2}, 161.75, 69, 27338, 3439274},
                             {13, {0, 2}, 285.75, 84, 42782, 5552926},
                             {14, {208}, -357.75, -15, 1153, 196105},
                             {20, {0}, -8.75, 0.25, -64.25, -1729.75}};
  for (const BlockCase& c : cases) {
    const BlockFormat* format = find_block_format(c.id);
    ASSERT_TRUE(format);
    std::vector<std::uint8_t> block(static_cast<std::size_t>(format->bytes));
    for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::uint8_t>(37 * i + 11);
    const std::uint16_t halves[] = {0x3400, 0xBE00};
    for (std::size_t i = 0; i < c.scales.size(); ++i) std::memcpy(block.data() + c.scales[i], &halves[i], 2);
    std::vector<float> y(static_cast<std::size_t>(format->values));
    format->unpack(block.data(), 1, y.data());
    double sum = 0, weighted = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      sum += y[i];
      weighted += y[i] * static_cast<double>(i + 1);
    }
    EXPECT_EQ(y.front(), c.first) << format->name;
    EXPECT_EQ(y.back(), c.last) << format->name;
    EXPECT_EQ(sum, c.sum) << format->name;
    EXPECT_EQ(weighted, c.weighted) << format->name;
  }
}

TEST(Gguf, PlainFormatsAreExact) {
  float y = 0;
  const std::uint16_t half = 0x3E00, brain = 0xC049;
  find_block_format(1)->unpack(reinterpret_cast<const std::uint8_t*>(&half), 1, &y);
  EXPECT_EQ(y, 1.5f);
  find_block_format(30)->unpack(reinterpret_cast<const std::uint8_t*>(&brain), 1, &y);
  EXPECT_EQ(y, -3.140625f);
  const double wide = -0.125;
  find_block_format(28)->unpack(reinterpret_cast<const std::uint8_t*>(&wide), 1, &y);
  EXPECT_EQ(y, -0.125f);
}

TEST(Gguf, RealModel) {
  const auto path = real_data("smollm2-135m-instruct.q4_1.gguf");
  if (path.empty()) GTEST_SKIP() << kNoRealData;
  const GgufFile file(path);
  EXPECT_EQ(file.get<std::int64_t>("llama.block_count"), 30);
  EXPECT_NEAR(file.get<double>("llama.attention.layer_norm_rms_epsilon"), 1e-5, 1e-10);
  EXPECT_EQ(file.tensors().size(), 272u);
  std::int64_t parameters = 0;
  for (const GgufTensor& tensor : file.tensors()) parameters += c10::multiply_integers(tensor.shape);
  EXPECT_EQ(parameters, 134515008);
  const at::Tensor embedding = file.tensor("token_embd.weight");
  EXPECT_EQ(embedding.sizes(), (std::vector<std::int64_t>{49152, 576}));
  const at::Tensor row = embedding[1000].slice(0, 0, 4).to(at::kDouble);
  EXPECT_TRUE(at::allclose(row, at::tensor({-0.111938, -0.073959, 0.037979, -0.01799}, at::kDouble), 0, 1e-6));
  const at::Tensor down = file.tensor("blk.0.ffn_down.weight")[0].slice(0, 0, 4).to(at::kDouble);
  EXPECT_TRUE(at::allclose(down, at::tensor({-0.330811, 0.346069, 0.075317, -0.466187}, at::kDouble), 0, 1e-6));
  // The rows of q are permuted for interleaved rotation; their sum does not mind.
  const at::Tensor query = file.tensor("blk.0.attn_q.weight");
  EXPECT_NEAR(query.sum(at::kDouble).item<double>(), 59.2232208, 2e-6);
  const at::Tensor halves = query.view({9, 32, 2, 576}).transpose(1, 2).reshape({576, 576});
  EXPECT_TRUE(at::allclose(halves[1].slice(0, 0, 4).to(at::kDouble),
                           at::tensor({-0.15918, 0.397949, -0.019897, -1.273438}, at::kDouble), 0, 1e-6));
}

}  // namespace
}  // namespace talweg::weights
