// A step that does not fit into memory ends the run with what would.
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"
#include "core/train/trainer.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

struct NoOptions {};
void declare(config::Fields&, NoOptions&) {}

/// A task whose every batch of more than one example asks for a petabyte.
class Hungry : public Task {
 public:
  explicit Hungry(const NoOptions&, const TaskContext&)
      : weight_(module_.register_parameter("weight", at::ones({1}))), data_({at::zeros({8, 1})}) {}
  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return data_; }
  at::Tensor loss(const data::Batch& batch) override {
    if (batch.size > 1) at::empty({std::int64_t{1} << 48});
    return weight_.square().sum();
  }
  Metrics evaluate() override { return {{"loss", 1}}; }
  std::string memory_advice() const override { return "'task.diet: true'"; }

 private:
  torch::nn::Module module_;
  at::Tensor weight_;
  data::TensorDataset data_;
};

RunOutcome run(const std::string& training) {
  register_components();
  static const bool once = [] {
    config::Registry<TaskKind>::instance().add<NoOptions>(
        "hungry", "for a test", "ours",
        [](const NoOptions& options, const TaskContext& context) -> std::unique_ptr<Task> {
          return std::make_unique<Hungry>(options, context);
        });
    return true;
  }();
  (void)once;
  const talweg::testing::TemporaryFolder folder;
  const auto config = config::parse<RunConfig>(
      config::parse_yaml("device: cpu\ntask: hungry\noptimizer: sgd\ntraining: " + training, "test"));
  const RunDirectory directory = RunDirectory::create(folder.path() / "run");
  return Trainer(config, directory, true).run();
}

TEST(OutOfMemory, TheMessageSaysWhatWouldFit) {
  try {
    run("{steps: 1, batch_size: 8}");
    FAIL() << "a petabyte was found";
  } catch (const TrainingError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("step 1: out of memory on cpu with 8 examples at once"), std::string::npos) << message;
    EXPECT_NE(message.find("'training.micro_batch_size: 4'"), std::string::npos) << message;
    EXPECT_NE(message.find("'training.precision: bfloat16'"), std::string::npos) << message;
    EXPECT_NE(message.find("'task.diet: true'"), std::string::npos) << message;
  }
  EXPECT_EQ(run("{steps: 2, batch_size: 8, micro_batch_size: 1}").status, RunStatus::completed);
}

}  // namespace
}  // namespace talweg::tasks
