// A language model on the double: text of the CPU's, with one wait a token; adapters, layers computed twice and
// diagnostics.
#include <gtest/gtest.h>

#include <set>

#include "core/train/training.h"
#include "device/double/device_double.h"
#include "device/double/waits.h"
#include "device/on_double.h"
#include "models/language/llama.h"
#include "tasks/language_modeling/text_generation.h"
#include "tasks/register.h"

namespace talweg::device_double {
namespace {

TEST(LanguageModelOnTheDouble, WritesTheCpusTextWithOneWaitAToken) {
  const at::Device device = install();
  models::LlamaShape shape;
  shape.width = 24;
  shape.layers = 2;
  shape.heads = 4;
  shape.key_value_heads = 2;
  shape.feed_forward = 40;
  shape.vocabulary = 50;
  shape.initial_deviation = 0.4;
  torch::manual_seed(5);
  models::Llama model(shape);
  model.to(at::kDouble);
  model.eval();
  const auto written = [&](double temperature) {
    tasks::SamplingOptions options;
    options.max_tokens = 20;
    options.temperature = temperature;
    return tasks::continue_ids(model, {3, 1, 4, 1, 5}, {shape.vocabulary}, options, RandomGenerator(2),
                               [](std::int32_t) { return true; });
  };
  const auto likely = written(0), drawn = written(1);
  EXPECT_GT(std::set(likely.begin(), likely.end()).size(), 2U) << "a text that tells models apart";
  model.to(device);
  Waits::reset();
  EXPECT_EQ(written(0), likely);
  EXPECT_EQ(Waits::count(), 20) << "a token is read to be given out";
  EXPECT_EQ(written(1), drawn);
}

class LanguageModeling : public ::testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(LanguageModeling, TrainsAsOnTheCpu) {
  tasks::register_components();
  const at::Device device = install();
  const std::string task = GetParam().first, optimizer = GetParam().second;
  const auto trained = [&](const std::string& on) {
    RunConfig config =
        small_training(on,
                       "{type: language_modeling, length: 12, data: {type: word_chain, length: 300}, evaluation: "
                       "{share: 0.1}, model: {type: "
                       "llama, width: 8, layers: 2, heads: 2, feed_forward: 12}" +
                           task + "}",
                       optimizer, "steps: 3, micro_batch_size: 5, clip_norm: 1, non_finite: skip, precision: float64");
    Training training(config, on);
    for (std::int64_t step = 0; step < 3; ++step) training.step(step);
    std::vector<at::Tensor> weights;
    for (const NamedParameter& parameter : training.parameters()) weights.push_back(parameter.tensor);
    return weights;
  };
  const auto found = trained(device.str());
  EXPECT_LT(relative_distance(found, trained("cpu")), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Of, LanguageModeling,
                         ::testing::Values(std::pair(", activation_checkpointing: true", "adamw"),
                                           std::pair(", adapter: {rank: 2, targets: [query, down]}", "adamw"),
                                           std::pair(", adapter: {rank: 2, targets: [query]}", "sam")));

TEST(DiagnosticsOnTheDouble, SharpnessIsTheCpus) {
  tasks::register_components();
  const at::Device device = install();
  const auto sharpness = [](const std::string& on) {
    RunConfig config = small_training(on, "classification", "sgd", "steps: 2, precision: float64");
    config.diagnostics.sharpness.emplace().every = 1;
    Training training(config, on);
    training.step(0);
    return training.measure();
  };
  const Metrics found = sharpness(device.str()), expected = sharpness("cpu");
  ASSERT_EQ(found.size(), expected.size());
  ASSERT_FALSE(found.empty());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].first, expected[i].first);
    if (found[i].first.find("seconds") == std::string::npos)
      EXPECT_NEAR(found[i].second, expected[i].second, 1e-6 * std::abs(expected[i].second)) << found[i].first;
  }
}

}  // namespace
}  // namespace talweg::device_double
