// Products with packed matrices beside products with their numbers unpacked.
#include "models/language/packed_matrix.h"

#include <gtest/gtest.h>

#include "core/libtorch.h"
#include "models/language/llama.h"

namespace talweg::models {
namespace {

/// Any bytes are numbers of a block format, but for the float16 factors, which are made ordinary.
std::shared_ptr<std::string> some_blocks(const weights::BlockFormat& format, std::int64_t rows, std::int64_t columns) {
  auto bytes =
      std::make_shared<std::string>(static_cast<std::size_t>(rows * columns / format.values * format.bytes), '\0');
  at::manual_seed(format.id);
  const at::Tensor random = at::randint(256, {static_cast<std::int64_t>(bytes->size())}, at::kByte);
  std::memcpy(bytes->data(), random.const_data_ptr(), bytes->size());
  const std::int64_t halves = format.id == 3 ? 2 : 1;  // Q4_1 has a least value as well
  for (std::int64_t block = 0; block < rows * columns / format.values; ++block)
    for (std::int64_t h = 0; h < halves; ++h) {
      char* exponent = bytes->data() + block * format.bytes + 2 * h + 1;
      *exponent = static_cast<char>((*exponent & 0x83) | 0x20);  // of size 2⁻⁷ … 2⁻⁶, either sign
    }
  return bytes;
}

TEST(PackedMatrix, MultipliesLikeItsNumbers) {
  for (const std::uint32_t id : {2U, 3U, 8U}) {
    const weights::BlockFormat& format = *weights::find_block_format(id);
    const std::int64_t rows = 303, columns = 96;  // not whole groups of four rows
    const auto bytes = some_blocks(format, rows, columns);
    const PackedMatrix matrix(format, rows, columns, *bytes, bytes);
    const at::Tensor numbers = matrix.select(at::arange(rows, at::kLong)).to(at::kDouble);
    at::manual_seed(2);
    const at::Tensor x = at::randn({7, columns});
    const at::Tensor expected = x.to(at::kDouble).mm(numbers.t());
    const double scale = numbers.abs().mm(x.to(at::kDouble).abs().t()).max().item<double>();
    for (std::int64_t v = 0; v < 7; ++v)  // one at a time: straight from the blocks
      EXPECT_LE((matrix.multiply(x[v]) - expected[v]).abs().max().item<double>(), 1e-6 * scale) << format.name;
    EXPECT_LE((matrix.multiply(x) - expected).abs().max().item<double>(), 1e-6 * scale) << format.name;
    EXPECT_LE((matrix.multiply(x.view({1, 7, columns})) - expected.unsqueeze(0)).abs().max().item<double>(),
              1e-6 * scale);
  }
}

TEST(PackedMatrix, HasTheNumbersOfItsFormatBitForBit) {
  for (const std::uint32_t id : {2U, 3U, 8U}) {
    const weights::BlockFormat& format = *weights::find_block_format(id);
    const std::int64_t rows = 40, columns = 512;
    const auto bytes = some_blocks(format, rows, columns);
    const at::Tensor expected = at::empty({rows, columns});
    format.unpack(reinterpret_cast<const std::uint8_t*>(bytes->data()), rows * columns / format.values,
                  expected.data_ptr<float>());
    const PackedMatrix matrix(format, rows, columns, *bytes, bytes);
    EXPECT_TRUE(at::equal(matrix.select(at::arange(rows, at::kLong)), expected)) << format.name;
  }
}

TEST(PackedMatrix, RoundsToBfloat16) {
  at::manual_seed(3);
  for (const std::int64_t columns : {64, 70, 7}) {
    const at::Tensor weight = at::randn({130, columns}), x = at::randn({columns});
    const PackedMatrix matrix(weight);
    EXPECT_EQ(matrix.bytes(), 130 * columns * 2);
    const at::Tensor rounded = weight.to(at::kBFloat16).to(at::kDouble);
    EXPECT_TRUE(at::equal(matrix.select(at::arange(130, at::kLong)).to(at::kDouble), rounded));
    EXPECT_LE((matrix.multiply(x) - rounded.mv(x.to(at::kDouble))).abs().max().item<double>(), 1e-5);
  }
  const std::string bytes(10, '\0');
  EXPECT_THROW(PackedMatrix(*weights::find_block_format(8), 2, 32, bytes, nullptr), c10::ValueError);
}

TEST(PackedMatrix, AModelAnswersFromPackedMatrices) {
  LlamaShape shape;
  shape.width = 32;
  shape.layers = 2;
  shape.heads = 4;
  shape.feed_forward = 64;
  shape.vocabulary = 40;
  shape.tied = true;
  at::manual_seed(4);
  Llama model(shape);
  torch::NoGradGuard no_grad;
  // Weights that bfloat16 holds exactly.
  for (at::Tensor& parameter : model.parameters()) parameter.copy_(parameter.to(at::kBFloat16));
  const at::Tensor ids = at::randint(40, {1, 9}, at::kLong);
  const at::Tensor expected = model.logits(model.hidden(ids));
  model.pack([](const std::string&, const at::Tensor& weight) { return std::make_shared<PackedMatrix>(weight); });
  EXPECT_LE((model.logits(model.hidden(ids)) - expected).abs().max().item<double>(), 1e-6);
  EXPECT_EQ(model.vocabulary(), 40);
  KeyValueCache cache = model.make_cache(1, 9);
  for (std::int64_t t = 0; t < 9; ++t)
    EXPECT_LE(
        (model.logits(model.hidden(ids.narrow(1, t, 1), &cache))[0][0] - expected[0][t]).abs().max().item<double>(),
        1e-6);
}

}  // namespace
}  // namespace talweg::models
