// SmolLM2-135M-Instruct from its GGUF file beside what transformers 5.23 answers in float32 for the same weights.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/io/output_file.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"
#include "models/language/fused.h"
#include "models/language/llama.h"
#include "real_data.h"
#include "tasks/language_modeling/text_generation.h"
#include "tasks/pretrained/language_model_files.h"

namespace talweg::tasks {
namespace {

class SmolLm2 : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path path = real_data("smollm2-135m-instruct.q4_1.gguf");
    if (path.empty()) GTEST_SKIP() << kNoRealData;
    if (!pretrained_.model) pretrained_ = read_language_model(path);
    pretrained_.model->eval();
  }
  static void TearDownTestSuite() { pretrained_ = {}; }

  at::Tensor ids(const std::string& text) const {
    const tokenizer::Ids list = pretrained_.tokenizer->encode(text);
    return at::tensor(std::vector<std::int64_t>(list.begin(), list.end())).unsqueeze(0);
  }
  at::Tensor last_logits(const std::string& text) const {
    torch::NoGradGuard no_grad;
    return pretrained_.model->logits(pretrained_.model->hidden(ids(text)))[0][-1];
  }
  /// Verses first … last (from 0) without their references, joined by line feeds.
  std::string verses(std::size_t first, std::size_t count) const {
    std::ifstream file(real_data("kjv.txt"));
    std::string text, line;
    for (std::size_t i = 0; std::getline(file, line); ++i)
      if (i >= first && i < first + count) text += (i > first ? "\n" : "") + line.substr(line.find(' ') + 1);
    return text;
  }
  /// Mean over the tokens behind the first, of at most `most` tokens.
  std::pair<double, std::int64_t> mean_loss(const std::string& text, std::int64_t most) const {
    torch::NoGradGuard no_grad;
    at::Tensor all = ids(text);
    if (all.size(1) > most) all = all.narrow(1, 0, most);
    const std::int64_t count = all.size(1) - 1;
    const at::Tensor states = pretrained_.model->hidden(all.narrow(1, 0, count));
    return {models::token_losses(states[0], pretrained_.model->head(), all[0].narrow(0, 1, count))
                .mean(at::kDouble)
                .item<double>(),
            count};
  }

  static PretrainedLanguageModel pretrained_;
};
PretrainedLanguageModel SmolLm2::pretrained_;

TEST_F(SmolLm2, WeightsAreReadAndUnpermuted) {
  const auto parameters = pretrained_.model->named_parameters();
  const at::Tensor query = parameters["layers.0.attention.query.weight"];
  const auto expect = [](const at::Tensor& row, const std::vector<double>& golden) {
    for (std::size_t i = 0; i < golden.size(); ++i)
      EXPECT_NEAR(row[static_cast<std::int64_t>(i)].item<double>(), golden[i],
                  1e-6 * std::max(1.0, std::abs(golden[i])));
  };
  expect(query[0], {-0.096313, 0.157349, -0.096313, -0.730469});
  expect(query[1], {-0.15918, 0.397949, -0.019897, -1.273438});
  EXPECT_NEAR(query.sum(at::kDouble).item<double>(), 59.2232208, 1e-6);
  expect(parameters["embedding.weight"][1000], {-0.111938, -0.073959, 0.037979, -0.01799});
  expect(parameters["layers.0.feed_forward.down.weight"][0], {-0.330811, 0.346069, 0.075317, -0.466187});
}

TEST_F(SmolLm2, LogitsAreTheGoldenOnes) {
  struct Golden {
    const char* text;
    std::vector<double> first;
    std::int64_t most_likely;
    double largest, log_sum_exp;
  };
  const Golden goldens[] = {{"In the beginning God created the heaven and the",
                             {8.357, -7.407, -5.2291, -9.5928, -9.3328, -8.0484, -13.6628, -8.0544},
                             3103,
                             21.5849,
                             21.76858},
                            {"The capital of France is",
                             {1.6136, -11.8719, -7.9445, -9.3469, -10.0852, -10.8128, -3.9415, -10.8056},
                             7042,
                             17.3713,
                             17.62934}};
  for (const Golden& golden : goldens) {
    const at::Tensor logits = last_logits(golden.text);
    for (std::size_t i = 0; i < golden.first.size(); ++i)
      EXPECT_NEAR(logits[static_cast<std::int64_t>(i)].item<double>(), golden.first[i], 2e-3) << golden.text;
    EXPECT_EQ(logits.argmax().item<std::int64_t>(), golden.most_likely);
    EXPECT_NEAR(logits.max().item<double>(), golden.largest, 2e-3);
    EXPECT_NEAR(logits.logsumexp(0).item<double>(), golden.log_sum_exp, 2e-3);
  }
}

TEST_F(SmolLm2, GreedyContinuationIsTheGoldenOne) {
  const tokenizer::Ids golden{3103, 28, 284, 260, 3103, 436,  2312, 281,  260,  17561,
                              1194, 30, 198, 198, 504,  9355, 5897, 6601, 1839, 2733};
  const auto written = continue_ids(
      *pretrained_.model, pretrained_.tokenizer->encode("In the beginning God created the heaven and the"),
      writable_ids(*pretrained_.tokenizer), {20, 0, 1}, RandomGenerator(0), [](std::int32_t) { return true; });
  EXPECT_EQ(written, golden);
}

TEST_F(SmolLm2, MeanLossesAreTheGoldenOnes) {
  if (real_data("kjv.txt").empty()) GTEST_SKIP() << kNoRealData;
  const auto [genesis, count] = mean_loss(verses(0, 31), 512);
  EXPECT_EQ(count, 511);
  EXPECT_NEAR(genesis, 1.307125, 1e-4);
  const auto [revelation, tokens] = mean_loss(verses(31102 - 21, 21), 8192);
  EXPECT_EQ(tokens, 716);
  EXPECT_NEAR(revelation, 2.678881, 1e-4);
}

TEST_F(SmolLm2, AnExportedFolderIsReadBackToTheBit) {
  const talweg::testing::TemporaryFolder folder;
  const auto path = folder.path() / "export";
  write_language_model(path, *pretrained_.model, *pretrained_.tokenizer,
                       {real_data("smollm2-135m-instruct.q4_1.gguf")});
  const PretrainedLanguageModel again = read_language_model(path);
  const auto ours = pretrained_.model->named_parameters(), read = again.model->named_parameters();
  ASSERT_EQ(ours.size(), read.size());
  for (const auto& item : ours) EXPECT_TRUE(at::equal(item.value(), read[item.key()])) << item.key();
  const std::string text =
      "<|im_start|>user\nThe price rose 12.5% in 2024, didn't it?\n\tYes — naïve café 🙂<|im_end|>\n";
  EXPECT_EQ(again.tokenizer->encode(text), pretrained_.tokenizer->encode(text));
}

}  // namespace
}  // namespace talweg::tasks
