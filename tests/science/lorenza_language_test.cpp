// A small Llama learns a made-up language byte by byte with AdamW, GaLore and LORENZA, from three seeds, equal steps.
#include <gtest/gtest.h>

#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"
#include "core/train/trainer.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

/// Mean evaluation loss after training, over three seeds.
double mean_loss(const std::string& optimizer) {
  register_components();
  double sum = 0;
  for (const int seed : {1, 2, 3}) {
    const talweg::testing::TemporaryFolder folder;
    const RunDirectory run = RunDirectory::create(folder.path() / "run");
    const std::string text = fmt::format(
        "seed: {}\ndevice: cpu\n"
        "task:\n  type: language_modeling\n  data: {{type: word_chain, words: 50, attachment: 0.9, length: 60000}}\n"
        "  model: {{type: llama, width: 128, layers: 4, heads: 4, feed_forward: 352}}\n  length: 64\n"
        "  evaluation: {{share: 0.05, batch_size: 32, sequences: 64}}\n"
        "optimizer: {}\nschedule: {{type: cosine, warmup: 20}}\n"
        "training: {{steps: 200, batch_size: 8, clip_norm: 1, evaluate_every: 200, log_every: 100}}\n"
        "checkpoint: {{every: 200}}\n",
        seed, optimizer);
    Trainer trainer(talweg::config::parse<RunConfig>(talweg::config::parse_yaml(text, "test")), run, true);
    for (const auto& [name, value] : trainer.run().metrics)
      if (name == "eval/loss") sum += value / 3;
  }
  return sum;
}

TEST(LorenzaOnLanguage, EndsWhereAdamWDoesAndNotAboveGalore) {
  const double adamw = mean_loss("{type: adamw, learning_rate: 3e-3, weight_decay: 0}");
  const std::string subspace = "subspace: {rank: 32, interval: 100, scale: 1}";
  const double galore = mean_loss("{type: galore, learning_rate: 3e-3, " + subspace + "}");
  const double lorenza = mean_loss("{type: lorenza, learning_rate: 3e-3, " + subspace + ", ascent: {rho: 0.05}}");
  RecordProperty("adamw", std::to_string(adamw));
  RecordProperty("galore", std::to_string(galore));
  RecordProperty("lorenza", std::to_string(lorenza));
  std::printf("adamw %.4f, galore %.4f, lorenza %.4f\n", adamw, galore, lorenza);
  EXPECT_LT(lorenza, 1.05 * adamw);
  EXPECT_LT(lorenza, 1.02 * galore);
}

}  // namespace
}  // namespace talweg::tasks
