// The mapping task: its loss, its decoder, its surface and what it says of data that cannot be.
#include "tasks/neural_mapping/neural_mapping.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "complaint.h"
#include "core/files/yaml.h"
#include "core/kinds/run_recipe.h"
#include "core/libtorch.h"
#include "core/run/run_recorder.h"
#include "core/temporary_folder.h"
#include "core/train/trainer.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

using talweg::testing::complaint;
using ::testing::HasSubstr;

/// A room that takes a second or two.
constexpr const char* kSmallRoom =
    "data: {type: analytic_room, frames: 8, rays: 150}, grid: {levels: 5, base: 8, finest: 48, log2_entries: 12}, "
    "sampling: {far: 6.5, uniform: 12}, smoothness: {points: 8}, keyframes: {steps_of_first: 20, steps_of_frame: 5}, "
    "evaluation: {rays: 300, surface_points: 300}, mesh: {voxel: 0.15, samples: 2000}";

std::string map_training(const std::string& task, const std::string& rest = "") {
  return "name: map\nseed: 3\ndevice: cpu\ntask: {type: neural_mapping, " + task +
         "}\noptimizer: {type: adam, learning_rate: 0.01, beta2: 0.99, epsilon: 1.0e-15}\n"
         "training: {steps: 60, batch_size: 64, evaluate_every: 60" +
         rest + "}\n";
}

RunConfig map_config(const std::string& text) {
  register_components();
  return config::parse<RunConfig>(config::parse_yaml(text, "map.yaml"));
}

NeuralMapping& map_task(Training& training) {
  return dynamic_cast<NeuralMapping&>(training.task());
}

double map_metric(const Metrics& metrics, const std::string& name) {
  for (const auto& [known, value] : metrics)
    if (known == name) return value;
  ADD_FAILURE() << name << " was not measured";
  return 0;
}

TEST(NeuralMapping, LearnsTheRoomItSees) {
  Training run(map_config(map_training(kSmallRoom)), at::kCPU);
  const Metrics before = run.evaluate();
  for (std::int64_t i = 0; i < 60; ++i) run.step(i);
  const Metrics after = run.evaluate();
  EXPECT_LT(map_metric(after, "eval/loss"), 0.5 * map_metric(before, "eval/loss"));
  EXPECT_LT(map_metric(after, "eval/depth_error"), 0.25);
  EXPECT_LT(map_metric(after, "eval/colour_error"), 0.15);
  EXPECT_GT(map_metric(after, "eval/sign_score"), 0.5);
  EXPECT_LT(map_metric(after, "eval/filled_free_space"), 0.02);
}

TEST(NeuralMapping, GradientsAreThoseOfFiniteDifferences) {
  Training run(map_config(map_training(kSmallRoom, ", precision: float64")), at::kCPU);
  NeuralMapping& task = map_task(run);
  torch::manual_seed(8);
  {
    // Features of the size that training gives them.
    const torch::NoGradGuard no_grad;
    task.field().table().normal_().mul_(0.1);
  }
  std::vector<std::int64_t> rays;
  for (std::int64_t i = 0; i < 40; ++i) rays.push_back(7 * i);  // of two frames, so that smoothness has its part
  const data::Batch batch = task.training_data().batch(rays, 0);
  const auto value = [&] {
    torch::manual_seed(5);
    return task.loss(batch);
  };
  value().backward();
  for (const auto& item : task.field().named_parameters()) {
    const at::Tensor direction = at::randn_like(item.value());
    const double slope = (item.value().grad() * direction).sum().item<double>();
    const torch::NoGradGuard no_grad;
    const double step = 1e-7;
    item.value().add_(direction, step);
    const double up = value().item<double>();
    item.value().sub_(direction, 2 * step);
    const double down = value().item<double>();
    item.value().add_(direction, step);
    EXPECT_NEAR((up - down) / (2 * step), slope, 2e-5 * std::abs(slope) + 1e-8) << item.key();
  }
}

TEST(NeuralMapping, ThreadsChangeNothing) {
  const int before = at::get_num_threads();
  std::vector<at::Tensor> grids;
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    Training run(map_config(map_training(kSmallRoom)), at::kCPU);
    for (std::int64_t i = 0; i < 25; ++i) run.step(i);
    grids.push_back(map_task(run).field().table().detach().clone());
  }
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(grids[0], grids[1]));
}

TEST(NeuralMapping, HasTheGridOfTheCheckScene) {
  Training run(
      map_config(map_training("grid: {levels: 8, base: 8, finest: 96, log2_entries: 13}, decoder: {colour: false}, "
                              "data: {type: analytic_room, frames: 1, rays: 50}")),
      at::kCPU);
  EXPECT_EQ(map_task(run).field().table().numel(), 96240);
  std::int64_t decoder = 0;
  for (const at::Tensor& parameter : map_task(run).field().decoder().parameters()) decoder += parameter.numel();
  EXPECT_EQ(decoder, 64 * 32 + 32);
}

TEST(NeuralMapping, ADecoderFromARunStaysAsItIs) {
  const talweg::testing::TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder.path() / "decoder");
  Trainer teacher(map_config(map_training(kSmallRoom)), directory, true);
  teacher.run();
  const at::Tensor taught = dynamic_cast<NeuralMapping&>(teacher.task()).field().decoder().parameters()[0];

  const std::string from = ", decoder_weights: {from: " + (folder.path() / "decoder").string() + "}";
  Training run(map_config(map_training(kSmallRoom + from)), at::kCPU);
  for (std::int64_t i = 0; i < 3; ++i) run.step(i);
  EXPECT_TRUE(at::equal(map_task(run).field().decoder().parameters()[0], taught));
  EXPECT_EQ(run.parameters().size(), 1u) << "the grid alone is trained";
  EXPECT_EQ(run.files().size(), 1u);

  EXPECT_THAT(complaint([&] {
                Training(map_config(map_training(std::string(kSmallRoom) + ", decoder: {hidden: 16}" + from)),
                         at::kCPU);
              }),
              HasSubstr("of another shape: 'decoder.geometry_in.weight' is 32 × 58 there and 16 × 58 here"));
}

TEST(NeuralMapping, ADecoderThatIsTrainedBeforeReadsTheGridOfAnother) {
  const std::string before =
      ", decoder_weights: {pretraining: {steps: 30, rays: 32, data: {type: analytic_room, room: decoder, frames: 4, "
      "rays: "
      "60}}}";
  Training one(map_config(map_training(kSmallRoom + before)), at::kCPU),
      other(map_config(map_training(kSmallRoom + before)), at::kCPU),
      fresh(map_config(map_training(kSmallRoom)), at::kCPU);
  const auto decoder = [](Training& run) { return map_task(run).field().decoder().parameters()[0]; };
  EXPECT_TRUE(at::equal(decoder(one), decoder(other)));
  EXPECT_FALSE(at::equal(decoder(one), decoder(fresh)));
  EXPECT_TRUE(at::equal(map_task(one).field().table(), map_task(fresh).field().table())) << "the grid begins anew";
}

TEST(NeuralMapping, TheRunLeavesItsSurfaceAndPictures) {
  const talweg::testing::TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder.path() / "run");
  Trainer trainer(map_config(map_training(std::string(kSmallRoom)
                                              .replace(std::string(kSmallRoom).find("voxel: 0.15"), 11,
                                                       "every_evaluation: true, voxel: 0.15"))),
                  directory, true);
  const RunOutcome outcome = trainer.run();
  EXPECT_GT(map_metric(outcome.metrics, "eval/mesh_completion"), 0.3);
  EXPECT_LT(map_metric(outcome.metrics, "eval/mesh_artifacts"), 0.2);
  for (const char* name : {"mesh.ply", "mesh.obj", "mesh.html", "figures/view_0.json", "figures/coverage.json"})
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "run" / name)) << name;
  const nlohmann::json answer = outcome.account.at("answer");
  EXPECT_EQ(answer.at("mesh_completion"), map_metric(outcome.metrics, "eval/mesh_completion"));
  EXPECT_EQ(answer.at("viewer").at("file"), "mesh.html");
}

TEST(NeuralMapping, SaysWhatCannotBe) {
  const auto of_task = [](const std::string& task) {
    return complaint([&] { Training(map_config(map_training(task)), at::kCPU); });
  };
  EXPECT_THAT(
      of_task("data: {type: analytic_room, frames: 2, rays: 20}, bounds: {low: [100, 0, 0], high: [101, 1, 1]}"),
      HasSubstr("0.0 % of the measured places lie in the box"));
  EXPECT_THAT(of_task("bounds: {low: [0, 0, 0], high: [1, 1, 0]}"), HasSubstr("'high' is not above 'low'"));
  EXPECT_THAT(of_task("grid: {finest: 8, base: 16}"), HasSubstr("'finest' is below 'base'"));
  EXPECT_THAT(of_task("decoder_weights: {from: /nowhere}"), HasSubstr("there is no folder '/nowhere'"));
  EXPECT_THAT(of_task("decoder_weights: {}"), HasSubstr("give one of both"));
  EXPECT_THAT(of_task("sampling: {near: 3, far: 2}"), HasSubstr("'far' is not beyond 'near'"));
  EXPECT_THAT(of_task("data: {type: analytic_room, solids: [{centre: [1, 2]}]}"), HasSubstr("three coordinates"));
}

}  // namespace
}  // namespace talweg::tasks
