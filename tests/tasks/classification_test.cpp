#include "tasks/classification/classification.h"
#include "tasks/classification/losses.h"

#include <gtest/gtest.h>

#include "complaint.h"
#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

std::unique_ptr<Task> make(const std::string& yaml, at::ScalarType type = at::kDouble) {
  register_components();
  config::Component<TaskKind> component;
  config::Diagnostics diagnostics;
  component.parse(config::parse_yaml(yaml, "test"), diagnostics, "task");
  diagnostics.throw_if_any();
  torch::manual_seed(0);
  return component.create({at::kCPU, type, RandomStreams(0)});
}

TEST(Classification, LossIsTheMeanCrossEntropy) {
  auto task = make(
      "{type: classification, data: breast_cancer, standardize: true, model: {type: linear, initialization: zero}}");
  const std::int64_t indices[] = {0, 1, 2, 3};
  EXPECT_NEAR(task->loss(task->training_data().batch(indices, 0)).item<double>(), std::log(2.0), 1e-12);
  const Metrics metrics = task->evaluate();
  EXPECT_EQ(metrics[0].first, "loss");
  EXPECT_NEAR(metrics[0].second, std::log(2.0), 1e-12);
}

TEST(Classification, FeaturesAreScaledByRangesThatAreKnownBeforehand) {
  const std::string task = "{type: classification, data: digits, model: linear";
  const std::int64_t indices[] = {0, 1, 2, 3};
  const auto inputs = [&](const std::string& end) {
    return make(task + end)->training_data().batch(indices, 0).tensors[0];
  };
  EXPECT_TRUE(at::allclose(inputs(", ranges: {low: 0, high: 16}}"), inputs("}") / 8 - 1));
  const auto complaint_about = [&](const std::string& options) {
    return testing::complaint([&] { make(task + ", " + options + "}"); });
  };
  EXPECT_NE(complaint_about("ranges: {low: [0, 1], high: 16}").find("2 numbers were given, an example has 64"),
            std::string::npos);
  EXPECT_NE(complaint_about("ranges: {low: 1, high: 1}").find("is empty"), std::string::npos);
  EXPECT_NE(complaint_about("ranges: {low: [0, 1, 2], high: [3, 4]}").find("one number each"), std::string::npos);
  EXPECT_NE(complaint_about("standardize: true, ranges: {low: 0, high: 1}").find("give one of them"),
            std::string::npos);
}

TEST(Classification, SaysWhatItMadeOfItsExamples) {
  const auto uses = [](const std::string& options) {
    std::string text;
    for (const std::string& use : make("{type: classification, model: linear, " + options + "}")->uses_of_data())
      text += use + " ";
    return text;
  };
  EXPECT_NE(uses("data: digits, standardize: true").find("'task.ranges'"), std::string::npos);
  EXPECT_NE(uses("data: digits").find("split off the same data"), std::string::npos);
  EXPECT_EQ(uses("data: digits, ranges: {low: 0, high: 16}").find("deviation"), std::string::npos);
  EXPECT_NE(uses("data: digits, rbf_kernel: {bandwidth: 1}").find("no private way"), std::string::npos);
  EXPECT_NE(uses("data: breast_cancer").find("'task.classes'"), std::string::npos);
  EXPECT_EQ(uses("data: breast_cancer, classes: [benign, malignant]").find("'task.classes'"), std::string::npos);
}

TEST(Classification, DescribesItsDataToWhoeverUsesTheModel) {
  const auto describe = [](const std::string& options) {
    auto task = make("{type: classification, model: linear, data: breast_cancer, " + options + "}");
    return dynamic_cast<DescribesData&>(*task).data_description();
  };
  const nlohmann::json own = describe("standardize: true"), given = describe("classes: [benign, malignant]");
  EXPECT_EQ(own.at("classes"), nlohmann::json({"malignant", "benign"}));
  EXPECT_NEAR(own.at("scaling").at("mean").at(0).get<double>(), 14.13, 0.2);  // mean radius, 14.127 over all 569
  EXPECT_EQ(given.at("classes"), nlohmann::json({"benign", "malignant"}));
  EXPECT_NE(testing::complaint([&] {
              describe("classes: [malignant, x]");
            }).find("have the class 'benign', which is none of those that are learnt (malignant, x)"),
            std::string::npos);
  EXPECT_THROW(describe("classes: [a, a]"), ConfigError);
  EXPECT_NO_THROW(require_same_meaning(given, given));
  EXPECT_THROW(require_same_meaning(given, own), DataError);
}

TEST(Classification, TheSquaredHeadFitsTheIndicatorOfTheClass) {
  const at::Tensor outputs = at::tensor({0.2, 0.9, -0.5, 0.5}, at::kDouble).view({2, 2}),
                   targets = at::tensor({1, 0}, at::kLong);
  // ½(0.2² + 0.1²) and ½(1.5² + 0.5²)
  EXPECT_TRUE(at::allclose(squared_losses(outputs, targets), at::tensor({0.025, 1.25}, at::kDouble)));
  const std::string linear =
      "{type: classification, data: breast_cancer, head: squared, model: {type: linear, "
      "initialization: zero}";
  auto task = make(linear + "}");
  const std::int64_t indices[] = {0, 1, 2, 3};
  EXPECT_NEAR(task->loss(task->training_data().batch(indices, 0)).item<double>(), 0.5, 1e-12);
  EXPECT_NEAR(task->evaluate()[0].second, 0.5, 1e-12);
  EXPECT_FALSE(dynamic_cast<LinearInParameters&>(*task).is_linear()) << "its rays are those of cross-entropies";
  EXPECT_THROW(make(linear + ", label_smoothing: 0.1}"), ConfigError);
}

TEST(Classification, GradientAgreesWithFiniteDifferences) {
  auto task = make(
      "{type: classification, data: {type: gaussian_blobs, examples: 30, features: 3}, model: {type: mlp, hidden: [4], "
      "activation: tanh}, label_smoothing: 0.1}");
  const std::int64_t indices[] = {0, 1, 2, 3, 4, 5, 6};
  const data::Batch batch = task->training_data().batch(indices, 0);
  task->loss(batch).backward();
  torch::NoGradGuard no_grad;
  for (at::Tensor& parameter : task->module().parameters()) {
    at::Tensor entry = parameter.view(-1)[0];
    const double h = 1e-6;
    entry.add_(h);
    const double above = task->loss(batch).item<double>();
    entry.sub_(2 * h);
    const double below = task->loss(batch).item<double>();
    entry.add_(h);
    EXPECT_NEAR(parameter.grad().view(-1)[0].item<double>(), (above - below) / (2 * h), 1e-8);
  }
}

/// Near and far from the target: relative precision is kept where 1 − p would cancel.
TEST(Classification, ResidualsAreTheDerivativesOfTheLosses) {
  for (const double scale : {1.0, 30.0, 200.0})
    for (const std::int64_t classes : {std::int64_t{1}, std::int64_t{4}}) {
      torch::manual_seed(7);
      const at::Tensor logits = (scale * at::randn({9, classes}, at::kDouble)).requires_grad_(true);
      const at::Tensor targets = at::randint(std::max<std::int64_t>(2, classes), {9}, at::kLong);
      const at::Tensor losses = classes == 1 ? logistic_losses(logits, targets) : softmax_losses(logits, targets);
      losses.sum().backward();
      torch::NoGradGuard no_grad;
      const LossesAndResiduals evaluated =
          classes == 1 ? logistic_losses_and_residuals(logits, targets) : softmax_losses_and_residuals(logits, targets);
      EXPECT_TRUE(at::allclose(evaluated.losses, losses, 1e-14, 1e-300));
      EXPECT_TRUE(at::allclose(evaluated.residuals, logits.grad(), 1e-12, 1e-300)) << "scale " << scale;
    }
}

/// The kernel without a graph, on several sets of logits in either memory layout, against log(1 + Σ exp(z_k − z_y)).
TEST(Classification, SoftmaxRowsAgreeWithTheDefinition) {
  torch::manual_seed(8);
  const at::Tensor targets = at::randint(5, {11}, at::kLong);
  for (const double scale : {1.0, 100.0}) {
    at::Tensor logits = scale * at::randn({3, 11, 5}, at::kDouble);
    logits[1] = 0;
    const at::Tensor index = targets.view({1, 11, 1}).expand({3, 11, 1});
    const at::Tensor ratios = (logits - logits.gather(2, index)).exp().scatter(2, index, 0);
    const at::Tensor expected = ratios.sum(2).log1p();
    const at::Tensor by_class = logits.transpose(1, 2).contiguous().transpose(1, 2);
    for (const at::Tensor& layout : {logits, by_class})
      EXPECT_TRUE(at::allclose(softmax_losses(layout, targets), expected, 1e-14, 1e-300)) << "scale " << scale;
    const at::Tensor single = softmax_losses(logits.to(at::kFloat), targets);
    EXPECT_TRUE(at::allclose(single.to(at::kDouble), expected, 2e-5, 1e-37)) << "scale " << scale;
  }
  at::Tensor spoilt = at::zeros({11, 5}, at::kDouble);
  spoilt[4][2] = std::nan("");
  EXPECT_TRUE(softmax_losses(spoilt, targets)[4].isnan().item<bool>());
}

TEST(Classification, EvaluationDoesNotDependOnItsBatchSize) {
  const auto metrics = [](const char* size) {
    return make(std::string("{type: classification, data: digits, model: mlp, evaluation_batch_size: ") + size + "}")
        ->evaluate();
  };
  const Metrics a = metrics("7"), b = metrics("1000");
  EXPECT_NEAR(a[0].second, b[0].second, 1e-12);
  EXPECT_EQ(a[1].second, b[1].second);
}

TEST(Classification, ConfusionMatrixCountsEveryEvaluationExample) {
  auto task = make("{type: classification, data: digits, model: mlp}");
  const auto figures = task->figures();
  ASSERT_EQ(figures.size(), 1u);
  double total = 0, correct = 0;
  for (std::size_t i = 0; i < 10; ++i)
    for (std::size_t j = 0; j < 10; ++j) {
      total += figures[0].heat_map.values[i][j];
      if (i == j) correct += figures[0].heat_map.values[i][j];
    }
  EXPECT_NEAR(total, 0.2 * 1797, 10);
  EXPECT_DOUBLE_EQ(correct / total, task->evaluate()[1].second);
}

TEST(Classification, TrainingAndEvaluationDoNotOverlap) {
  auto task = make("{type: classification, data: digits, model: mlp, evaluation_share: 0.5}");
  EXPECT_NEAR(static_cast<double>(task->training_data().size()), 1797 / 2.0, 10);
}

TEST(Classification, RefusesAModelThatDoesNotFit) {
  EXPECT_THROW(make("{type: classification, data: breast_cancer, model: convnet}"), ConfigError);
  EXPECT_THROW(make("{type: classification, data: {type: csv, path: /nowhere.csv}}"), DataError);
}

}  // namespace
}  // namespace talweg::tasks
