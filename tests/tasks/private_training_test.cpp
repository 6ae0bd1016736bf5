// Private training of the framework's own models, from configuration to summary.
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"
#include "core/train/fit.h"
#include "core/train/trainer.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

RunConfig configuration(const std::string& body) {
  register_components();
  return config::parse<RunConfig>(config::parse_yaml("name: private\ndevice: cpu\nseed: 4\n" + body, "test"));
}

std::string digits(const std::string& model) {
  return "task: {type: classification, data: digits, model: " + model + "}\n";
}

/// Parameters after a run, flattened.
at::Tensor trained(const std::string& body) {
  const testing::TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder.path() / "run");
  Trainer trainer(configuration(body), directory, true);
  trainer.run();
  std::vector<at::Tensor> parts;
  for (const at::Tensor& parameter : trainer.task().module().parameters())
    parts.push_back(parameter.detach().flatten());
  return at::cat(parts);
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

// Without max-pooling: digits have patches that are exactly equal, and which of two equal maxima gets the gradient
// depends on the last bit, which depends on the number of examples in a pass. Pooling is compared on random images in
// tests/core/gradient.
const char* const kModels[] = {"{type: mlp, hidden: [16]}",
                               "{type: resnet, blocks: [1, 1], width: 4, norm: group, groups: 2}", "linear"};

std::string training(const std::string& more) {
  return "training: {steps: 6, batch_size: 20, log_every: 2, evaluate_every: 6, precision: float64" + more + "}\n";
}

TEST(PrivateTraining, BackendsTrainTheSameModel) {
  for (const char* model : kModels) {
    std::vector<at::Tensor> results;
    for (const char* backend : {"loop", "ghost", "materialise"})
      results.push_back(trained(
          digits(model) + training(", sampler: poisson") +
          fmt::format("optimizer: {{type: dp_sgd, noise_multiplier: 1, clip_norm: 0.5, backend: {}}}", backend)));
    EXPECT_LT(distance(results[1], results[0]), 1e-9) << model;
    EXPECT_LT(distance(results[2], results[0]), 1e-9) << model;
  }
}

TEST(PrivateTraining, WithoutNoiseAndClippingItIsPlainDescent) {
  for (const char* model : kModels) {
    const std::string how =
        "training: {steps: 20, batch_size: 20, sampler: uniform, log_every: 10, evaluate_every: 20}\n";
    const at::Tensor plain = trained(digits(model) + how + "optimizer: {type: sgd, learning_rate: 0.05}");
    const at::Tensor open = trained(
        digits(model) + how + "optimizer: {type: dp_sgd, noise_multiplier: 0, clip_norm: 1e9, learning_rate: 0.05}");
    EXPECT_LT(distance(plain, open), 2e-6) << model;
  }
}

TEST(PrivateTraining, VirtualBatchesChangeNothing) {
  for (const char* rule : {"flat", "per_layer", "normalized"}) {
    const std::string optimizer =
        fmt::format("optimizer: {{type: dp_sgd, noise_multiplier: 1, clip_norm: 0.5, clipping: {}}}", rule);
    const std::string model = digits("{type: resnet, blocks: [1], width: 4, norm: group, groups: 2}");
    const at::Tensor whole = trained(model + optimizer + "\n" + training(", sampler: poisson"));
    const at::Tensor parts = trained(model + optimizer + "\n" + training(", sampler: poisson, micro_batch_size: 7"));
    EXPECT_LT(distance(parts, whole), 1e-9) << rule;
  }
}

TEST(PrivateTraining, BatchNormalisationIsRefusedBeforeAnyStep) {
  const testing::TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder.path() / "run");
  try {
    Trainer trainer(configuration(digits("{type: resnet, blocks: [1], width: 4}") + training("") +
                                  "optimizer: {type: dp_sgd, noise_multiplier: 1}"),
                    directory, true);
    FAIL() << "batch normalisation was accepted";
  } catch (const ConfigError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("stem.1"), std::string::npos) << text;
    EXPECT_NE(text.find("norm: group"), std::string::npos) << text;
  }
}

TEST(PrivateTraining, TheAccountSurvivesAResume) {
  const auto body = [](int steps) {
    return digits("{type: mlp, hidden: [8]}") + "optimizer: {type: dp, noise_multiplier: 1}\ncheckpoint: {every: 4}\n" +
           fmt::format("training: {{sampler: poisson, batch_size: 20, log_every: 2, steps: {}}}\n", steps);
  };
  const testing::TemporaryFolder folder;
  const RunDirectory whole_run = RunDirectory::create(folder.path() / "whole");
  const RunDirectory parts_run = RunDirectory::create(folder.path() / "parts");
  const RunOutcome whole = Trainer(configuration(body(10)), whole_run, true).run();
  Trainer(configuration(body(4)), parts_run, true).run();
  Trainer second(configuration(body(10)), parts_run, true);
  second.restore();
  const RunOutcome parts = second.run();
  const nlohmann::json a = whole.account.at("privacy"), b = parts.account.at("privacy");
  EXPECT_EQ(a.at("steps"), 10);
  EXPECT_EQ(b.at("steps"), 10);
  EXPECT_NEAR(a.at("epsilon").get<double>(), b.at("epsilon").get<double>(), 1e-12);
  EXPECT_NE(a.at("statement").get<std::string>().find("Poisson"), std::string::npos) << a.at("statement");
  for (const auto& [name, value] : whole.metrics)
    if (name == "privacy/epsilon") {
      EXPECT_EQ(value, a.at("epsilon").get<double>());
    }
}

}  // namespace
}  // namespace talweg::tasks
