// Who draws the batches: the sampler that is named, or the task's own, or shuffled epochs.
#include "core/task/sampler_choice.h"

#include <gtest/gtest.h>

#include "core/task/capabilities.h"
#include "noisy_task.h"

namespace talweg {
namespace {

/// Examples come in pairs: 0 with 1, 2 with 3.
class PairSampler : public data::Sampler {
 public:
  explicit PairSampler(const data::SamplingPlan& plan) : pairs_(plan.data.size() / 2) {}
  void sample(std::int64_t step, std::vector<std::int64_t>& indices) override {
    const std::int64_t pair = step % pairs_;
    indices = {2 * pair, 2 * pair + 1};
  }
  double steps_per_epoch() const override { return static_cast<double>(pairs_); }
  std::optional<Sampling> sampling() const override { return std::nullopt; }

 private:
  std::int64_t pairs_;
};

class PairedTask : public NoisyTask, public OwnSampler {
 public:
  std::unique_ptr<data::Sampler> make_sampler(const data::SamplingPlan& plan) override {
    return std::make_unique<PairSampler>(plan);
  }
};

std::vector<std::int64_t> third_batch(const SamplerChoice& choice, Task& task) {
  std::vector<std::int64_t> indices;
  make_sampler(choice, task, {task.training_data(), 2, RandomStreams(3)})->sample(2, indices);
  return indices;
}

TEST(SamplerChoice, IsTheTasksOwnUnlessOneIsNamed) {
  data::register_samplers();
  PairedTask paired;
  NoisyTask plain;
  const SamplerChoice sequential = config::Component<data::SamplerKind>("sequential"),
                      shuffle = config::Component<data::SamplerKind>("shuffle");
  EXPECT_EQ(third_batch({}, paired), (std::vector<std::int64_t>{4, 5}));
  EXPECT_EQ(third_batch({}, plain), third_batch(shuffle, plain));
  EXPECT_EQ(third_batch(shuffle, paired), third_batch(shuffle, plain));
  EXPECT_EQ(third_batch(sequential, paired), (std::vector<std::int64_t>{4, 5}));
}

TEST(SamplerChoice, SaysHowItDraws) {
  PairedTask paired;
  NoisyTask plain;
  const auto sampling = [](Task& task) {
    return make_sampler({}, task, {task.training_data(), 2, RandomStreams(3)})->sampling();
  };
  EXPECT_EQ(sampling(paired), std::nullopt) << "no accountant may take anything for granted";
  EXPECT_EQ(sampling(plain), Sampling::shuffle);
}

}  // namespace
}  // namespace talweg
