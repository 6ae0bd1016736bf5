// A run of several ranks is the run of one process with the same global batches, to rounding: for every optimizer, and
// for what bends the ordinary path (micro-batches, clipping, parts without examples, losses that weigh examples).
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/replicas/sharded_state.h"
#include "core/temporary_folder.h"
#include "core/train/trainer.h"
#include "distributed/ranks.h"
#include "small_optimizer.h"

namespace talweg {
namespace {

using talweg::testing::ranks;
using talweg::testing::small_optimizer;

const char* const kMlp = "{type: classification, data: digits, model: {type: mlp, hidden: [6]}}";
const char* const kLinear = "{type: classification, data: digits, model: linear}";
const char* const kLanguage =
    "{type: language_modeling, length: 12, data: {type: word_chain, length: 300}, model: {type: llama, width: 8, "
    "layers: 1, heads: 2, feed_forward: 12}, evaluation: {share: 0.1}}";

RunConfig configuration(const std::string& task, const std::string& optimizer, const std::string& training = "") {
  const std::string text = fmt::format(
      "name: ranks\nseed: 5\ndevice: cpu\ntask: {}\noptimizer: {}\ntraining: {{steps: 5, batch_size: 22, precision: "
      "float64, log_every: 1, evaluate_every: 5{}}}\n",
      task, optimizer, training);
  return config::parse<RunConfig>(config::parse_yaml(text, "test"));
}

struct Result {
  std::vector<at::Tensor> weights;
  RunOutcome outcome;
};

Result train(const RunConfig& config, distributed::ProcessGroup* group) {
  Trainer trainer(config, make_silent_recorder(), true, at::kCPU, group);
  Result result;
  result.outcome = trainer.run();
  for (const at::Tensor& parameter : trainer.task().module().parameters())
    result.weights.push_back(parameter.detach().clone());
  return result;
}

double metric(const RunOutcome& outcome, const std::string& name) {
  for (const auto& [key, value] : outcome.metrics)
    if (key == name) return value;
  return std::nan("");
}

/// Trains alone and as one of the ranks.
Result expect_equal_runs(const RunConfig& config, double tolerance = 1e-10) {
  const Result alone = train(config, nullptr), shared = train(config, &ranks());
  for (std::size_t i = 0; i < alone.weights.size(); ++i)
    EXPECT_LE((alone.weights[i] - shared.weights[i]).abs().max().item<double>(),
              tolerance * (1 + alone.weights[i].abs().max().item<double>()))
        << "parameter " << i;
  EXPECT_NEAR(metric(alone.outcome, "train/loss"), metric(shared.outcome, "train/loss"), tolerance * 10);
  EXPECT_EQ(alone.outcome.counts.at("examples"), shared.outcome.counts.at("examples"));
  EXPECT_EQ(alone.outcome.counts.at("forwards"), shared.outcome.counts.at("forwards"))
      << "the same decisions were taken";
  return shared;
}

std::vector<std::string> all_optimizers() {
  return config::Registry<OptimizerKind>::instance().names();
}

TEST(DataParallel, ProjectsOnEveryRank) {
  expect_equal_runs(configuration(kMlp, "{type: lorenza, subspace: {rank: 3, interval: 2}}"));
}

TEST(DataParallel, CoversEveryOptimizer) {
  for (const std::string& optimizer : all_optimizers()) {
    SCOPED_TRACE(optimizer);
    if (optimizer == "lbfgs") continue;  // below
    const std::string task = optimizer == "natural_gradient" ? "bandit" : optimizer == "gd_smooth" ? kLinear : kMlp;
    expect_equal_runs(configuration(task, small_optimizer(optimizer)));
  }
}

// On small batches L-BFGS divides by curvatures near zero, which are rounding; it is for whole ones. On the perceptron
// it magnifies rounding a thousandfold with every step: the order of the examples alone moves the fifth loss by 1e-7.
TEST(DataParallel, OfLbfgsTakesTheWholeDataset) {
  RunConfig linear = configuration(kLinear, "lbfgs"), perceptron = configuration(kMlp, "lbfgs");
  linear.training.batch_size = perceptron.training.batch_size = 1797;
  perceptron.training.steps = 2;
  expect_equal_runs(linear);
  expect_equal_runs(perceptron);
}

TEST(DataParallel, OfModelsLinearInTheirParametersSearchesOnTheMargins) {
  for (const char* optimizer : {"gd_ls", "armijo", "goldstein", "sgd"}) {
    SCOPED_TRACE(optimizer);
    expect_equal_runs(configuration(kLinear, optimizer));
  }
}

TEST(DataParallel, DividesPartsIntoMicroBatches) {
  for (const char* optimizer : {"adamw", "{type: lorenza, subspace: {rank: 3, interval: 2}}",
                                "{type: lorenza, per_layer: true, subspace: {rank: 3, interval: 2}}"}) {
    SCOPED_TRACE(optimizer);
    expect_equal_runs(configuration(kMlp, optimizer, ", micro_batch_size: 3"));
  }
}

TEST(DataParallel, ClipsTheWholeGradient) {
  for (const char* optimizer : {"sgd", "{type: galore, subspace: {rank: 3, interval: 2}}",
                                "{type: galore, per_layer: true, subspace: {rank: 3, interval: 2}}"}) {
    SCOPED_TRACE(optimizer);
    expect_equal_runs(configuration(kMlp, optimizer, ", clip_norm: 0.1"));
  }
}

TEST(DataParallel, WorksWhereSomeRanksHaveNoExamples) {
  for (const char* optimizer : {"adamw", "{type: dp_sgd, noise_multiplier: 1}",
                                // Of one example's gradient more than a direction would be rounding.
                                "{type: galore, per_layer: true, subspace: {rank: 1, interval: 2}}"}) {
    SCOPED_TRACE(optimizer);
    RunConfig config = configuration(kMlp, optimizer, ", sampler: poisson");
    config.training.batch_size = 2;
    config.training.steps = 12;
    expect_equal_runs(config);
  }
}

TEST(DataParallel, WeighsTokensAndProbesTheFirstExamples) {
  for (const char* optimizer :
       {"adamw", "{type: adazo_sam, probe_fraction: 0.3}", "{type: lorenza, subspace: {rank: 3}}"}) {
    SCOPED_TRACE(optimizer);
    expect_equal_runs(configuration(kLanguage, optimizer));
  }
}

TEST(DataParallel, RefusesNoiseThatOnlyOneRankCouldDraw) {
  EXPECT_THROW(train(configuration(kMlp, "{type: dp_sgd, noise_multiplier: 1, secure: true}"), &ranks()), ConfigError);
}

TEST(DataParallel, ExchangesWholeGradientsWhereTheyAreNeeded) {
  for (const char* optimizer :
       {"{type: lorenza, residual: raw, subspace: {rank: 3, interval: 2}}",
        "{type: galore, residual: fira, subspace: {rank: 3, interval: 2}}",
        "{type: galore, norms: true, subspace: {rank: 3, interval: 2}}",
        "{type: galore, subspace: {rank: 3, interval: 2, method: exact_svd}}",
        "{type: galore, per_layer: true, subspace: {rank: 3, interval: 2, method: exact_svd}}"}) {
    SCOPED_TRACE(optimizer);
    expect_equal_runs(configuration(kMlp, optimizer));
  }
}

RunConfig sharded(const std::string& optimizer, std::int64_t steps, bool shard) {
  RunConfig config = configuration(kMlp, optimizer);
  config.training.steps = steps;
  config.training.evaluate_every = 3;
  config.distributed.shard_optimizer = shard;
  return config;
}

TEST(ShardedState, OfEveryOptimizerThatHasItTrainsAsWhole) {
  for (const char* optimizer :
       {"adam", "{type: adamw, amsgrad: true}", "{type: sgd, momentum: 0.9}", "normalized_gd",
        "{type: lion, weight_decay: 0.1, groups: [{parameters: '*.bias', weight_decay: 0, learning_rate_factor: 2}]}",
        "{type: galore, subspace: {rank: 3, interval: 2}}", "{type: lorenza, subspace: {rank: 3, interval: 2}}",
        "{type: lorenza, residual: fira, subspace: {rank: 3, interval: 2}}",
        "{type: galore, per_layer: true, rule: {type: adam_8bit, smallest: 100}, subspace: {rank: 3, interval: 2}}"}) {
    SCOPED_TRACE(optimizer);
    expect_equal_runs(sharded(optimizer, 5, true));
  }
}

TEST(ShardedState, IsSavedWholeAndContinuesDividedOrNot) {
  for (const char* optimizer : {"adamw", "{type: lorenza, subspace: {rank: 3, interval: 2}}"}) {
    SCOPED_TRACE(optimizer);
    const Result whole = train(sharded(optimizer, 6, false), nullptr);
    const talweg::testing::TemporaryFolder folder;
    std::optional<RunDirectory> directory;
    if (ranks().is_first()) directory.emplace(RunDirectory::create(folder.path() / "run"));
    const auto recorder = [&] { return directory ? make_directory_recorder(*directory) : make_silent_recorder(); };
    Trainer(sharded(optimizer, 3, true), recorder(), true, at::kCPU, &ranks()).run();
    for (const bool shard : {true, false}) {
      Trainer second(sharded(optimizer, shard ? 5 : 6, shard), recorder(), true, at::kCPU, &ranks());
      second.restore();
      second.run();
      if (shard) continue;
      const auto weights = second.task().module().parameters();
      for (std::size_t i = 0; i < weights.size(); ++i)
        EXPECT_LE((weights[i] - whole.weights[i]).abs().max().item<double>(), 1e-9) << i;
    }
  }
}

TEST(ShardedState, TakesAShareOfTheMemory) {
  const std::string task = "{type: classification, data: digits, model: {type: mlp, hidden: [64, 64, 64]}}";
  const auto bytes = [&](bool shard) {
    RunConfig config = configuration(task, "{type: galore, rule: adam, subspace: {rank: 1, interval: 100}}");
    config.distributed.shard_optimizer = shard;
    return train(config, &ranks()).outcome.account.at("subspace").at("state_bytes").get<double>();
  };
  const double whole = bytes(false), shared = bytes(true);
  EXPECT_LT(shared, whole);
}

TEST(ShardedState, IsRefusedWhereStateIsNotOfSingleParameters) {
  EXPECT_THROW(train(sharded("lbfgs", 3, true), &ranks()), ConfigError);
}

TEST(ShardedState, DividesParametersEvenly) {
  EXPECT_EQ(divide({5, 1, 9, 4}, 2), (std::vector<std::int64_t>{1, 0, 0, 1}));
  EXPECT_EQ(divide({7}, 3), (std::vector<std::int64_t>{0}));
}

// r/min(m, n) of the matrices, and the whole of what is not projected.
TEST(DataParallel, ExchangesProjectionsOfLowRank) {
  const std::string task = "{type: classification, data: digits, model: {type: mlp, hidden: [200]}}";
  const auto bytes = [&](const std::string& optimizer) {
    const RunOutcome outcome = train(configuration(task, optimizer), &ranks()).outcome;
    return metric(outcome, "distributed/bytes_per_step");  // of the last step, which is no refresh
  };
  const double full = bytes("adamw"), projected = bytes("{type: galore, subspace: {rank: 4, interval: 1000}}");
  // Weights [200, 64] and [10, 200] with rank 4 keep 4·200 numbers each; biases of 210 travel whole.
  const double sizes = 200 * 64 + 10 * 200 + 210, kept = 4 * 200 + 4 * 200 + 210;
  EXPECT_LE(projected / full, 1.02 * kept / sizes);
  EXPECT_GE(projected / full, 0.98 * kept / sizes);
}

}  // namespace
}  // namespace talweg
