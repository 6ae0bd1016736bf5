// Limits and thresholds of large two-layer networks as studies, and what is drawn beside the equations.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/metrics/json_lines.h"
#include "core/temporary_folder.h"
#include "tasks/mean_field/trained_networks.h"
#include "tasks/study_steps.h"

namespace talweg::tasks {
namespace {

using testing::TemporaryFolder;

const std::string kCubic = "activation: {covariance: [0, 0.9, 0, 0.16666666666666666]}, alpha: 0.3";

std::map<std::string, double> result_of(const std::string& study) {
  const auto made = make_study(study);
  make_steps(*made);
  EXPECT_FALSE(made->figures().empty());
  return metrics_of(*made);
}

/// N7 of an independent program: α = 0.3, a0 = 1, τ = 0.3.
TEST(MeanFieldLimit, FlowOfManyNeurons) {
  auto metrics = result_of("{type: mean_field_limit, " + kCubic +
                           ", target: {kind: activation}, noise: 0.3, limit: flow, until: 50, report: [1, 5, 10, 50]}");
  EXPECT_NEAR(metrics.at("a@1"), 1.02808854, 1e-7);
  EXPECT_NEAR(metrics.at("overlap@5"), 0.69949886, 1e-7);
  EXPECT_NEAR(metrics.at("error@10"), 0.05457457, 1e-7);
  EXPECT_NEAR(metrics.at("a"), 1.12111671, 1e-7);
}

TEST(MeanFieldLimit, LazyStartEndsOnItsPlateau) {
  const std::string lazy = "{type: mean_field_limit, limit: lazy_start, gamma: 1, until: 50, report: [10], ";
  auto noise = result_of(lazy + "activation: {covariance: [0, 0.3, 0.5]}, alpha: 0.5, noise: 1}");
  EXPECT_NEAR(noise.at("scaled_neurons@10"), -0.950, 0.001);
  EXPECT_NEAR(noise.at("scaled_start@10"), -0.302, 0.001);
  EXPECT_NEAR(noise.at("plateau"), 0.75, 1e-12);
  auto signal =
      result_of(lazy + "activation: {covariance: [0, 0.9, 0.5]}, target: {kind: activation}, alpha: 0.3, noise: 0.3}");
  EXPECT_NEAR(signal.at("error"), 0.545, 1e-9);
  EXPECT_NEAR(signal.at("scaled_overlap"), 1, 1e-5);
}

TEST(MeanFieldLimit, NoiseAloneAtBothScales) {
  auto start = result_of("{type: mean_field_limit, " + kCubic + ", noise: 0.6, limit: noise_start, until: 1000}");
  EXPECT_NEAR(start.at("scaled_neurons"), 1.0 / 3, 1e-9);
  EXPECT_NEAR(start.at("plateau"), 1.0 / 3, 1e-12);
  auto glass = result_of("{type: mean_field_limit, " + kCubic +
                         ", noise: 0.6, limit: spherical_spin, until: 50, points: 20, report: [10, 50]}");
  EXPECT_NEAR(glass.at("growth@10"), 0.6042, 0.001);
  EXPECT_NEAR(glass.at("growth@50"), 0.6463, 0.001);
  EXPECT_NEAR(glass.at("threshold_growth"), 2.0 / 3, 1e-12);
  EXPECT_NEAR(glass.at("rate_of_second_layer"), 0.2191, 1e-4);
}

/// A11 of an independent program: infinitely wide networks at fixed n/d interpolate up to n/d = 1.18.
TEST(InterpolationThreshold, OfAFrozenSecondLayerAtFixedRatio) {
  auto metrics = result_of(
      "{type: interpolation_threshold, activation: {covariance: [0, 0.3, 0.5]}, noise: 1, second_layer_rate: 0, "
      "parameter: samples, first: [0.7, 0.8], solves: 2, integrator: paper_euler, unit: width, step: 0.1, horizon: "
      "60}");
  EXPECT_NEAR(metrics.at("relaxation_time@0.7"), 28.4, 0.2);
  EXPECT_NEAR(metrics.at("relaxation_time@0.8"), 45.2, 0.2);
  EXPECT_NEAR(metrics.at("threshold"), 1.18, 0.01);
}

TEST(InterpolationThreshold, ASearchThatWentTooFarComesBack) {
  // The third value would take t_rel = 16.6 and more than the horizon: it is beyond, and the fourth lies before it.
  auto metrics = result_of(
      "{type: interpolation_threshold, activation: {covariance: [0, 0.3, 0.5]}, noise: 1, second_layer_rate: 0, "
      "parameter: samples, first: [0.2, 0.3], solves: 4, integrator: paper_euler, unit: width, step: 0.1, horizon: "
      "13}");
  EXPECT_NEAR(metrics.at("relaxation_time@0.3"), 9.2, 0.2);
  EXPECT_GT(metrics.at("longest_relaxation_time"), 9.3);
  EXPECT_LT(metrics.at("longest_relaxation_time"), 13);
  EXPECT_GT(metrics.at("closest"), 0.3);
}

TEST(MeanFieldStudies, MistakesSayWhatWouldHelp) {
  const std::string limit = "type: mean_field_limit, activation: {covariance: [0, 0.9, 0.5]}";
  const std::string threshold =
      "type: interpolation_threshold, activation: {covariance: [0, 0.9, 0.5]}, noise: 1, lazy_limit: true";
  for (const auto& [options, words] : std::vector<std::pair<std::string, std::string>>{
           {limit + ", samples: 2, limit: flow", "give 'alpha', not 'samples'"},
           {limit + ", alpha: 2, gamma: 1, limit: flow", "'second_layer', not 'gamma'"},
           {limit + ", alpha: 2, limit: lazy_start", "needs 'gamma'"},
           {limit + ", alpha: 2, target: {kind: activation}, limit: noise_start", "labels that are noise"},
           {limit + ", alpha: 2, from: 5, until: 2", "not before 'until'"},
           {limit + ", alpha: 2, report: [200]", "beyond 'until'"},
           {threshold + ", first: [0.1], alpha: 0.1, gamma: 1", "two values at least"},
           {threshold + ", first: [0.1, 0.2], alpha: 0.1, gamma: 1", "'alpha' is what is searched for"},
           {threshold + ", first: [0.1, 0.2]", "'lazy_limit' needs 'gamma'"},
           {threshold + ", first: [0.1, 0.2], gamma: 1, horizon: 1e6", "make 'step' longer"},
           {"type: interpolation_threshold, activation: {covariance: [0, 0.9]}, alpha: 1, parameter: second_layer, "
            "first: [1, "
            "2]",
            "nothing to interpolate"},
           {"type: dynamical_mean_field, activation: {covariance: [0, 0.9]}, alpha: 1, limit: noise_start, time: "
            "{unit: "
            "width}",
            "set 'time.unit'"}}) {
    try {
      make_study("{" + options + "}");
      ADD_FAILURE() << options;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << options << "\n" << error.what();
    }
  }
}

/// A run of 16 neurons at d = 100, n = 480, learning rate 0.1: 48 steps are t = 1.
void write_run(const std::filesystem::path& folder, double a, const std::string& optimizer = "sgd") {
  std::filesystem::create_directories(folder);
  io::write_file_atomically(folder / "config.yaml",
                            "name: x\ntask: {type: two_layer_network, activation: {covariance: [0, 0.9]}, width: 16, "
                            "dimension: 100, alpha: 0.3}\noptimizer: {type: " +
                                optimizer + ", learning_rate: 0.1}\ntraining: {steps: 96, batch_size: 10}\n");
  metrics::JsonLinesSink sink(folder / "metrics.jsonl");
  for (const std::int64_t step : {0, 48, 96})
    sink.write({step, 0, 0, {{"eval/a", a + static_cast<double>(step) / 96}, {"eval/loss", 0.5}}});
}

TEST(TrainedNetworks, AreMeansOfTheirRunsOnTheTheorysTime) {
  register_components();
  const TemporaryFolder folder;
  for (const double a : {1.0, 1.2, 1.4}) write_run(folder.path() / "sweep" / fmt::format("a={}", a), a);
  const std::vector<TrainedNetworks> networks = read_trained_networks({folder.path() / "sweep"});
  ASSERT_EQ(networks.size(), 1);
  EXPECT_EQ(networks[0].runs, 3);
  EXPECT_EQ(networks[0].width, 16);
  ASSERT_EQ(networks[0].times.size(), 3);
  EXPECT_NEAR(networks[0].times[1], 1, 1e-12);
  const auto a = std::find_if(networks[0].quantities.begin(), networks[0].quantities.end(),
                              [](const TrainedNetworks::Quantity& q) { return q.name == "a"; });
  ASSERT_NE(a, networks[0].quantities.end());
  EXPECT_NEAR(a->means[1], 1.7, 1e-12);
  EXPECT_NEAR(a->errors[1], 0.2 / std::sqrt(3), 1e-12);

  const auto study = make_study(
      "{type: dynamical_mean_field, activation: {covariance: [0, 0.9]}, widths: 16, alpha: 0.3, "
      "time: {until: 2}, limit: flow, networks: ['" +
      (folder.path() / "sweep").string() + "']}");
  make_steps(*study);
  const std::vector<plot::Figure> figures = study->figures();
  const auto picture =
      std::find_if(figures.begin(), figures.end(), [](const auto& f) { return f.name == "second_layer"; });
  ASSERT_NE(picture, figures.end());
  ASSERT_EQ(picture->series.size(), 4) << "theory, limit, means, bars";
  EXPECT_EQ(picture->series[2].name, "3 trained, m = 16");
  EXPECT_NEAR(picture->series[2].y.back(), 2.2, 1e-12);
}

TEST(TrainedNetworks, OfAnotherTimeAreRefused) {
  register_components();
  const TemporaryFolder folder;
  write_run(folder.path() / "adam", 1, "adamw");
  EXPECT_THROW(read_trained_networks({folder.path() / "adam"}), DataError);
  EXPECT_THROW(read_trained_networks({folder.path() / "missing"}), DataError);
}

}  // namespace
}  // namespace talweg::tasks
