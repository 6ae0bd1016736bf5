// The study of infinitely large two-layer networks: numbers of an independent program, several widths, limits and
// mistakes.
#include "tasks/mean_field/dynamical_mean_field.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tasks/descent.h"
#include "tasks/mean_field/two_layer_network.h"
#include "tasks/study_steps.h"

namespace talweg::tasks {
namespace {

const std::string kFigureFour =
    "type: dynamical_mean_field, activation: {covariance: [0, 0.9, 0, 0.16666666666666666]}, target: {kind: "
    "activation}, "
    "alpha: 0.3, noise: 0.3";

TEST(DynamicalMeanField, NumbersOfFigureFour) {
  const auto study = make_study(
      "{" + kFigureFour + ", widths: 16, integrator: paper_euler, time: {until: 50, step: 0.1}, report: [10, 50]}");
  make_steps(*study);
  auto metrics = metrics_of(*study);
  EXPECT_NEAR(metrics.at("a@10"), 1.309030, 2e-6);
  EXPECT_NEAR(metrics.at("overlap@10"), 0.711181, 2e-6);
  EXPECT_NEAR(metrics.at("train_error@50"), 0.0077966, 2e-6);
  EXPECT_NEAR(metrics.at("test_error"), 0.092123, 2e-6);
  EXPECT_NEAR(metrics.at("best_time"), 18.4, 0.5);
  EXPECT_EQ(metrics.count("relaxation_time"), 0u);
  EXPECT_GE(study->figures().size(), 8u);
}

TEST(DynamicalMeanField, SeveralWidthsEachInItsOwnTime) {
  const auto study = make_study("{" + kFigureFour + ", widths: [2, 4], time: {until: 2, unit: width}, report: [1]}");
  EXPECT_EQ(study->steps(), 41 + 81);
  make_steps(*study);
  auto metrics = metrics_of(*study);
  const auto alone = make_study("{" + kFigureFour + ", widths: 4, time: {until: 8}, report: [4]}");
  make_steps(*alone);
  EXPECT_NEAR(metrics.at("m4/a@1"), metrics_of(*alone).at("a@4"), 1e-12);
}

TEST(DynamicalMeanField, LazyLimit) {
  const auto study = make_study(
      "{type: dynamical_mean_field, activation: {covariance: [0, 0.3, 0.5]}, alpha: 0.5, gamma: 1, noise: 1, "
      "lazy_limit: true, "
      "integrator: paper_euler, time: {until: 5, step: 0.01}, report: [1, 5]}");
  make_steps(*study);
  auto metrics = metrics_of(*study);
  EXPECT_NEAR(metrics.at("train_error@1"), 0.16686584, 1e-6);
  EXPECT_NEAR(metrics.at("train_error@5"), 0.02661623, 1e-6);
  EXPECT_NEAR(metrics.at("test_error@5"), 0.75, 1e-9);
}

TEST(DynamicalMeanField, MistakesSayWhatWouldHelp) {
  const std::string quadratic = "type: dynamical_mean_field, activation: {covariance: [0, 0.9, 0.5]}";
  for (const auto& [options, words] : std::vector<std::pair<std::string, std::string>>{
           {quadratic, "give one of 'alpha'"},
           {quadratic + ", alpha: -1", "'alpha' must be above 0"},
           {quadratic + ", alpha: 0.3, noise: -1", "'noise' must be at least 0"},
           {quadratic + ", alpha: 0.3, widths: 0.5", "'widths' must be at least 1"},
           {quadratic + ", alpha: 0.3, gamma: 1, widths: 64, integrator: paper_euler, time: {step: 0.06}",
            "beyond stability"},
           {quadratic + ", alpha: 0.3, time: {until: 1e6, step: 0.1}", "would fit"},
           {quadratic + ", alpha: 0.3, time: {until: 1e9, step: 0.1}", "more than"},
           {quadratic + ", alpha: 0.3, time: {growth: 1.1}", "'largest'"},
           {quadratic + ", alpha: 0.3, time: {until: 10}, report: [5, 20]", "20 is beyond 'until', 10"},
           {"type: gaussian_network, activation: {covariance: [0, 0.9]}, alpha: 1, until: 1e12",
            "more than 20000 steps"},
           {quadratic + ", alpha: 0.3, lazy_limit: true", "'gamma'"},
           {"type: dynamical_mean_field, alpha: 1, activation: {hermite: [0.5, 1]}", "centred"},
           {"type: dynamical_mean_field, alpha: 1, activation: {name: relu}", "kink"},
           {"type: dynamical_mean_field, alpha: 1, activation: {hermite: [0, 1e200]}", "not finite"},
           {"type: dynamical_mean_field, alpha: 1, activation: {hermite: [0, 1]}, target: {kind: hermite, hermite: [1, "
            "1]}",
            "mean zero"},
           {"type: dynamical_mean_field, alpha: 1, activation: {hermite: [0, 1], name: tanh}", "give one of 'name'"}}) {
    try {
      make_study("{" + options + "}");
      ADD_FAILURE() << options;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << options << "\n" << error.what();
      EXPECT_NE(std::string(error.what()).find("test:"), std::string::npos) << "no place: " << error.what();
    }
  }
}

/// A7 in small: d = 50, where e_tr(8) of an independent program was 0.0481 ± 0.0007, and the equations say 0.0386.
TEST(GaussianNetwork, IsWhatTheEquationsDescribeUpToOneOverD) {
  const auto study = make_study(
      "{type: gaussian_network, activation: {covariance: [0, 0.1, 0.5]}, width: 4, dimension: 50, samples: 1.5, noise: "
      "1, "
      "runs: 60, step: 0.4, until: 8, report: [4, 8]}");
  make_steps(*study);
  auto metrics = metrics_of(*study);
  EXPECT_NEAR(metrics.at("a_theory@8"), 1.358904, 2e-6);
  for (const char* time : {"@4", "@8"})
    for (const char* name : {"a", "start"}) {
      const std::string key = name;
      const double theory = metrics.at(key + "_theory" + time);
      EXPECT_NEAR(metrics.at(key + time), theory, 3 * metrics.at(key + "_deviation" + time) + 0.01 * theory)
          << key << time;
    }
  EXPECT_NEAR(metrics.at("train_error@8"), 0.0481, 4 * metrics.at("train_error_deviation@8"));
  EXPECT_GT(metrics.at("train_error@8"), metrics.at("train_error_theory@8"));
  EXPECT_NEAR(metrics.at("test_error@8"), metrics.at("test_error_theory@8"), 0.03);
}

/// A signal and a cubic part, tensors J and K: what differs from the equations falls with d.
TEST(GaussianNetwork, LearnsADirectionUpToOneOverD) {
  std::map<std::string, double> differences[2];
  for (int large = 0; large < 2; ++large) {
    const auto study =
        make_study(fmt::format("{{type: gaussian_network, activation: {{covariance: [0, 0.9, 0.2, 0.16]}}, target: "
                               "{{kind: activation}}, width: "
                               "3, dimension: {}, samples: 3, noise: 0.3, runs: 40, step: 0.2, until: 6, report: [6]}}",
                               large ? 20 : 8));
    make_steps(*study);
    auto metrics = metrics_of(*study);
    for (const char* name : {"overlap", "test_error"}) {
      const std::string key = name;
      differences[large][key] = std::abs(metrics.at(key + "@6") - metrics.at(key + "_theory@6"));
    }
  }
  EXPECT_LT(differences[1]["overlap"], 0.7 * differences[0]["overlap"]) << "d = 20 and 8";
  EXPECT_LT(differences[1]["test_error"], 0.01);
  EXPECT_LT(differences[1]["overlap"], 0.1);
}

const std::string kNetwork =
    "{type: two_layer_network, activation: {covariance: [0, 0.9, 0, 0.16666666666666666], signs: [1, 1, 1, -1]}, "
    "target: {kind: "
    "activation}, width: 16, dimension: 200, alpha: 0.3, noise: 0.3}";

/// A15 at t = 20 = 960 steps of learning rate 0.1 at n/d = 4.8: an independent program had a = 1.39, v = 0.72, errors
/// 0.0195 and 0.081.
TEST(TwoLayerNetwork, StochasticDescentFollowsTheTheoryRoughly) {
  Descent run(kNetwork, "{type: sgd, learning_rate: 0.1}");
  for (int k = 0; k < 960; ++k) run.step(k % 9 * 100, 100);
  std::map<std::string, double> metrics;
  for (const auto& [name, value] : run.task().evaluate()) metrics[name] = value;
  EXPECT_NEAR(metrics.at("a"), 1.39, 0.05);
  EXPECT_NEAR(metrics.at("overlap"), 0.72, 0.04);
  EXPECT_NEAR(metrics.at("train_error"), 0.0195, 0.004);
  EXPECT_NEAR(metrics.at("loss"), 0.081, 0.007);
}

/// A16: the loss falls, and |da_l/dt̂| ≤ √(2R_n)·√(mean of σ(⟨w_l, x⟩)²) at every step, by Cauchy and Schwarz.
TEST(TwoLayerNetwork, DescentKeepsTheBoundOfTheTheorem) {
  constexpr double rate = 0.5;
  Descent run(kNetwork, "{type: sgd, learning_rate: 0.5}");
  auto parameters = run.task().module().named_parameters();
  ActivationOptions options;
  options.covariance = {0, 0.9, 0, 1 / 6.0};
  options.signs = {1, 1, 1, -1};
  const mean_field::Activation sigma = make_activation(options);
  std::vector<std::int64_t> all(960);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  const at::Tensor x = run.task().training_data().batch(all, 0).tensors[0];
  double before = 1e9;
  for (int k = 0; k < 10; ++k) {
    double error = 0;
    for (const auto& [name, value] : run.task().evaluate())
      if (name == "train_error") error = value;
    EXPECT_LE(error, before);
    before = error;
    at::Tensor hidden = at::matmul(x, parameters["weights"].detach().t());
    hidden = (std::sqrt(0.9) + 0.5) * hidden - hidden.pow(3) / 6;
    EXPECT_NEAR(sigma(0.7), (std::sqrt(0.9) + 0.5) * 0.7 - 0.343 / 6, 1e-12);
    const at::Tensor bound = std::sqrt(2 * error) * hidden.square().mean(0).sqrt(),
                     a = parameters["second_layer"].detach().clone();
    run.step();
    const at::Tensor growth = (parameters["second_layer"].detach() - a).abs() * 16 / rate;
    EXPECT_TRUE((growth <= bound * (1 + 1e-12)).all().item<bool>());
    EXPECT_NEAR((parameters["weights"].detach().norm(2, 1) - 1).abs().max().item<double>(), 0, 1e-14);
  }
}

}  // namespace
}  // namespace talweg::tasks
