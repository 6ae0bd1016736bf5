#include "tasks/text_classification/decoder_backbone.h"

#include <gtest/gtest.h>

#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "models/language/llama.h"
#include "models/text/pooling.h"
#include "real_data.h"
#include "tasks/register.h"
#include "tasks/text_classification/text_classification.h"

namespace talweg::tasks {
namespace {

models::LlamaShape small(bool tied) {
  models::LlamaShape shape;
  shape.vocabulary = 13;
  shape.width = 8;
  shape.layers = 2;
  shape.heads = 2;
  shape.key_value_heads = 1;
  shape.feed_forward = 12;
  shape.positions = 16;
  shape.tied = tied;
  return shape;
}

TEST(DecoderEncoder, PaddingOnTheRightHasNoInfluence) {
  torch::manual_seed(1);
  DecoderEncoder encoder(std::make_shared<models::Llama>(small(true)));
  encoder.to(at::kDouble);
  encoder.eval();
  torch::NoGradGuard no_grad;
  const at::Tensor ids = at::tensor({3, 7, 1}, at::kLong).unsqueeze(0);
  const at::Tensor padded = at::tensor({3, 7, 1, 0, 0}, at::kLong).unsqueeze(0);
  const at::Tensor mask = at::tensor({1, 1, 1, 0, 0}, at::kInt).to(at::kBool).unsqueeze(0);
  const at::Tensor alone = encoder.hidden({ids, at::ones({1, 3}, at::kBool), at::zeros_like(ids)});
  const at::Tensor among = encoder.hidden({padded, mask, at::zeros_like(padded)});
  EXPECT_LT((alone - among.slice(1, 0, 3)).abs().max().item<double>(), 1e-12);
  EXPECT_TRUE(at::equal(models::pool(models::Pooling::last, encoder, among, mask)[0], among[0][2]));
}

TEST(DecoderEncoder, StagesCoverWhatIsRead) {
  for (const bool tied : {true, false}) {
    DecoderEncoder encoder(std::make_shared<models::Llama>(small(tied)));
    const auto stages = encoder.stages();
    ASSERT_EQ(stages.size(), 3u);
    EXPECT_EQ(stages[0].size(), 1u) << "the embedding";
    EXPECT_EQ(stages[2].size(), stages[1].size() + 1) << "the last norm counts to the last layer";
    EXPECT_EQ(encoder.beside_hidden().size(), tied ? 0u : 1u);
    EXPECT_EQ(stages[0].size() + stages[1].size() + stages[2].size() + encoder.beside_hidden().size(),
              encoder.parameters().size());
  }
}

TEST(DecoderEncoder, ARealDecoderCarriesAHead) {
  const auto path = real_data("smollm2-135m-instruct.q4_1.gguf");
  if (path.empty()) GTEST_SKIP() << kNoRealData;
  register_components();
  torch::manual_seed(1);
  const std::string yaml = "{data: {type: opinions, examples: 10}, backbone: {type: decoder, path: " + path.string() +
                           "}, frozen_layers: 29, head_dropout: 0}";
  TextClassification task(config::parse<TextClassificationOptions>(config::parse_yaml(yaml, "test")),
                          {at::kCPU, at::kFloat, RandomStreams(1)});
  for (at::Tensor& parameter : task.module().named_children()["head"]->parameters()) {
    torch::NoGradGuard no_grad;
    parameter.zero_();
  }
  const std::vector<std::int64_t> indices{0, 1, 2};
  const data::Batch batch = task.training_data().batch(indices, 0);
  const at::Tensor loss = task.loss(batch);
  EXPECT_NEAR(loss.item<double>(), std::log(2.0), 1e-6) << "a head of zeros knows nothing";
  loss.backward();
  std::size_t trained = 0;
  for (const auto& item : task.module().named_parameters()) {
    EXPECT_EQ(item.value().grad().defined(), item.value().requires_grad()) << item.key();
    trained += item.value().requires_grad();
  }
  EXPECT_EQ(trained, 9u + 1 + 2) << "the last layer, the last norm and the head";
}

}  // namespace
}  // namespace talweg::tasks
