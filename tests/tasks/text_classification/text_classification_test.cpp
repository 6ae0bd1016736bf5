#include "tasks/text_classification/text_classification.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"
#include "core/train/fit.h"
#include "real_data.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

using ::testing::HasSubstr;

TaskContext context(at::ScalarType dtype = at::kDouble) {
  return {at::kCPU, dtype, RandomStreams(11)};
}

std::unique_ptr<TextClassification> make(const std::string& yaml, at::ScalarType dtype = at::kDouble) {
  register_components();
  torch::manual_seed(2);
  return std::make_unique<TextClassification>(
      config::parse<TextClassificationOptions>(config::parse_yaml(yaml, "test")), context(dtype));
}

std::string complaint(const std::string& yaml) {
  try {
    make(yaml);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

double metric(const Metrics& metrics, const std::string& name) {
  for (const auto& [key, value] : metrics)
    if (key == name) return value;
  ADD_FAILURE() << "no metric " << name;
  return std::nan("");
}

Metrics evaluation_of(TextClassification& task) {
  torch::NoGradGuard no_grad;
  task.module().eval();
  return task.evaluate();
}

void train(TextClassification& task, double epochs, double rate) {
  task.module().train();
  FitOptions options;
  options.optimizer = config::Component<OptimizerKind>("adamw", {{"learning_rate", std::to_string(rate)}});
  options.epochs = epochs;
  options.batch_size = 32;
  fit(task, options, context(at::kFloat));
}

constexpr const char* kSmall =
    "{data: {type: opinions, examples: 300}, backbone: {type: bert, layers: 1, width: 16, heads: 2, dropout: 0}, "
    "head_dropout: 0";

/// A tokenizer of the words of `opinions`.
void write_word_tokenizer(const std::filesystem::path& path) {
  nlohmann::json vocabulary;
  for (const char* word :
       {"[PAD]", "[UNK]", "the",  "was",   "not",    "and",    "story", "film", "book", "music", "end",      "plot",
        "good",  "fine",  "nice", "great", "superb", "lovely", "bad",   "dull", "weak", "awful", "dreadful", "vile"})
    vocabulary[word] = vocabulary.size();
  const nlohmann::json description = {{"model", {{"type", "WordPiece"}, {"vocab", vocabulary}, {"unk_token", "[UNK]"}}},
                                      {"pre_tokenizer", {{"type", "BertPreTokenizer"}}}};
  std::ofstream(path) << description.dump();
}

TEST(TextClassification, LearnsSignsAndValues) {
  const talweg::testing::TemporaryFolder folder;
  write_word_tokenizer(folder.path() / "tokenizer.json");
  const std::string options =
      "{data: {type: opinions, examples: 500}, backbone: {type: bert, width: 32, dropout: 0, tokenizer: " +
      folder.path().string() + "}, head_dropout: 0, target: ";
  const auto signs = make(options + "sign}", at::kFloat);
  train(*signs, 8, 2e-3);
  const Metrics metrics = evaluation_of(*signs);
  EXPECT_GT(metric(metrics, "accuracy"), 0.9);
  EXPECT_GT(metric(metrics, "matthews"), 0.8);
  EXPECT_LT(metric(metrics, "majority_accuracy"), 0.65);
  EXPECT_EQ(metrics[0].first, "loss");
  EXPECT_EQ(metrics[1].first, "accuracy");  // what tells most comes first
  const auto values = make(options + "value}", at::kFloat);
  train(*values, 20, 3e-3);
  EXPECT_GT(metric(evaluation_of(*values), "pearson"), 0.9);
}

TEST(TextClassification, LossIsTheMeanOfExampleLosses) {
  for (const char* target : {"sign", "value", "classes"}) {
    const auto task = make(std::string(kSmall) + ", target: " + target + "}");
    const std::vector<std::int64_t> indices{0, 5, 9, 20};
    const data::Batch batch = task->training_data().batch(indices, 0);
    const at::Tensor losses = task->example_losses(batch);
    EXPECT_EQ(losses.sizes(), (std::vector<std::int64_t>{4}));
    EXPECT_NEAR(losses.mean().item<double>(), task->loss(batch).item<double>(), 1e-12);
    // A text's loss does not depend on how much it is padded for the others.
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const auto alone = task->training_data().batch(std::span(indices).subspan(i, 1), 0);
      EXPECT_NEAR(task->loss(alone).item<double>(), losses[static_cast<std::int64_t>(i)].item<double>(), 1e-10);
    }
  }
}

TEST(TextClassification, FreezesFromTheInput) {
  const auto count = [](const std::string& options) {
    const auto task = make("{data: {type: opinions, examples: 20}, backbone: {type: bert, layers: 2}" + options + "}");
    std::vector<std::string> trained;
    for (auto& item : task->module().named_parameters())
      if (item.value().requires_grad()) trained.push_back(item.key());
    return trained;
  };
  for (const std::string& name : count("")) EXPECT_EQ(name.find("pooler"), std::string::npos) << "nothing reads it";
  EXPECT_EQ(count(", pooling: summary").size(), count("").size() + 2);
  EXPECT_EQ(count(", frozen_layers: 0").size(), count("").size() - 5);
  EXPECT_EQ(count(", frozen_layers: 1").size(), count("").size() - 5 - 16);
  EXPECT_EQ(count(", frozen_layers: 2"), (std::vector<std::string>{"head.weight", "head.bias"}));
  EXPECT_THAT(complaint("{frozen_layers: 3}"), HasSubstr("frozen_layers"));
}

TEST(TextClassification, MistakesAreNamed) {
  EXPECT_THAT(complaint("{longest: 500}"), HasSubstr("longest"));
  EXPECT_THAT(complaint("{keep_head: true}"), HasSubstr("keep_head"));
  EXPECT_THAT(complaint("{target: value, label_smoothing: 0.1}"), HasSubstr("label_smoothing"));
  EXPECT_THAT(complaint("{target: classes, lexicon: x}"), HasSubstr("lexicon"));
  EXPECT_THAT(complaint("{backbone: {type: bert, width: 5, heads: 2}}"), HasSubstr("width"));
  EXPECT_THAT(complaint("{backbone: {type: pretrained, path: /nowhere}}"), HasSubstr("/nowhere"));
  EXPECT_THAT(complaint("{data: {type: file, path: /nowhere.tsv}}"), HasSubstr("nowhere.tsv"));
  EXPECT_THAT(complaint("{transfer: [{name: a, data: opinions}, {name: a, data: opinions}]}"), HasSubstr("'a'"));
}

TEST(TextClassification, PairsAndTransferAreEvaluated) {
  const auto task = make(
      "{data: {type: opinions, examples: 60, pairs: true}, transfer: [{name: other, data: {type: opinions, examples: "
      "40, "
      "pairs: true}}]}");
  const std::vector<std::int64_t> one{0};
  const data::Batch batch = task->training_data().batch(one, 0);
  EXPECT_EQ(batch.tensors[2].max().item<std::int64_t>(), 1) << "the second text is marked";
  const Metrics metrics = evaluation_of(*task);
  EXPECT_TRUE(std::isfinite(metric(metrics, "other_accuracy")));
  torch::NoGradGuard no_grad;
  EXPECT_EQ(task->figures().size(), 3u);
}

TEST(TextClassification, ExportsAndReadsBack) {
  const auto minilm = real_data("minilm");
  if (minilm.empty()) GTEST_SKIP() << kNoRealData;
  const talweg::testing::TemporaryFolder folder;
  const std::string data = "{data: {type: opinions, examples: 20}, backbone: {type: pretrained, path: ";
  for (const std::string pooling : {"mean", "summary"}) {
    const auto first = make(data + minilm.string() + "}, pooling: " + pooling + "}", at::kFloat);
    first->write_model(folder.path() / pooling, std::nullopt);
    const auto again = make(data + (folder.path() / pooling).string() + "}, keep_head: true}", at::kFloat);
    const std::vector<std::int64_t> indices{0, 1, 2};
    const data::Batch batch = first->training_data().batch(indices, 0);
    torch::NoGradGuard no_grad;
    first->module().eval();
    again->module().eval();
    EXPECT_TRUE(at::equal(first->outputs(batch), again->outputs(batch))) << pooling;
  }
  EXPECT_THAT(complaint(data + (folder.path() / "mean").string() + "}, keep_head: true, target: value}"),
              HasSubstr("another number of outputs"));
}

TEST(TextClassification, AnEncoderOnBytesIsReadBack) {
  const talweg::testing::TemporaryFolder folder;
  const std::string data = "{data: {type: opinions, examples: 20, pairs: true}, pooling: summary";
  const auto first = make(data + ", backbone: {type: bert, layers: 1, width: 16}}", at::kFloat);
  first->write_model(folder.path() / "m", std::nullopt);
  const auto again =
      make(data + ", backbone: {type: pretrained, path: " + (folder.path() / "m").string() + "}, keep_head: true}",
           at::kFloat);
  const std::vector<std::int64_t> indices{0, 1, 2};
  const data::Batch batch = first->training_data().batch(indices, 0);
  const data::Batch same = again->training_data().batch(indices, 0);
  for (std::size_t i = 0; i < batch.tensors.size(); ++i) EXPECT_TRUE(at::equal(batch.tensors[i], same.tensors[i])) << i;
  torch::NoGradGuard no_grad;
  first->module().eval();
  again->module().eval();
  EXPECT_TRUE(at::equal(first->outputs(batch), again->outputs(batch)));
}

TEST(RealEncoder, GivesTheReferenceEmbeddings) {
  const auto path = real_data("minilm");
  if (path.empty()) GTEST_SKIP() << kNoRealData;
  register_components();
  const auto options = config::Registry<TextBackboneKind>::instance().make("pretrained");
  config::Diagnostics diagnostics;
  options->parse(config::parse_yaml("{path: " + path.string() + "}", "test"), diagnostics);
  const TextBackbone backbone = options->create();
  backbone.encoder->eval();
  // float32, mean over tokens, divided by the norm; transformers 5.
  const std::pair<const char*, std::vector<double>> cases[] = {
      {"A talweg is the line of lowest points along a valley.",
       {-0.044868, 0.022563, 0.020703, 0.086842, -0.060329, -0.036252, 0.044567, 0.059028}},
      {"The movie was not bad at all.",
       {-0.035732, 0.028445, -0.009109, 0.019949, -0.022019, 0.022341, -0.073393, 0.026116}},
      {"Gradient descent with naïve step-sizes diverges!",
       {-0.046888, -0.066725, 0.054766, 0.012571, 0.066325, -0.082559, -0.094509, -0.066059}}};
  LabelledTexts texts;
  for (const auto& [text, expected] : cases) texts.first.push_back(text);
  texts.labels.resize(3);
  const TextDataset dataset(texts, at::zeros({3}), *backbone.tokenizer, 128);
  const std::vector<std::int64_t> all{0, 1, 2};
  const models::TextInput input = text_input(dataset.batch(all, 0));
  torch::NoGradGuard no_grad;
  const at::Tensor pooled =
      models::pool(models::Pooling::mean, *backbone.encoder, backbone.encoder->hidden(input), input.mask);
  const at::Tensor embeddings = (pooled / pooled.norm(2, {1}, true)).to(at::kDouble);
  for (int i = 0; i < 3; ++i)
    EXPECT_LT((embeddings[i].slice(0, 0, 8) - at::tensor(cases[i].second, at::kDouble)).abs().max().item<double>(),
              1e-5);
}

}  // namespace
}  // namespace talweg::tasks
