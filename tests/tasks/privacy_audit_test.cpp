// Attacks on trained models: what error rates prove, and that private training withstands its audit.
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/train/fit.h"
#include "tasks/privacy_audit/canary_audit.h"
#include "tasks/privacy_audit/epsilon_estimates.h"
#include "tasks/privacy_audit/membership_inference.h"
#include "tasks/register.h"
#include "tasks/study_steps.h"

namespace talweg::tasks {
namespace {

TEST(EpsilonOfRates, IsThatOfTheHypothesisTest) {
  EXPECT_NEAR(epsilon_of_rates(0.2, 0.3, 1e-5), 1.25275, 1e-5);  // ln((1 − 1e-5 − 0.3)/0.2)
  EXPECT_EQ(epsilon_of_rates(0.5, 0.5, 1e-5), 0) << "guessing shows nothing";
  EXPECT_EQ(epsilon_of_rates(0.9, 0.9, 1e-5), 0);
  EXPECT_TRUE(std::isinf(epsilon_of_rates(0, 0.5, 0)));
}

TEST(ClopperPearson, EqualsItsTables) {
  const Interval three = clopper_pearson(3, 10, 0.95);
  EXPECT_NEAR(three.low, 0.06674, 1e-5);
  EXPECT_NEAR(three.high, 0.65245, 1e-5);
  const Interval none = clopper_pearson(0, 10, 0.95), all = clopper_pearson(10, 10, 0.95);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 1 - std::pow(0.025, 0.1), 1e-9);
  EXPECT_NEAR(all.low, std::pow(0.025, 0.1), 1e-9);
  EXPECT_EQ(all.high, 1);
}

TEST(AttackEstimate, TheBoundLiesBelowTheEstimate) {
  const AttackEstimate estimate = estimate_attack(20, 100, 30, 100, 1e-5, 0.95);
  EXPECT_LT(estimate.at_least, estimate.epsilon);
  EXPECT_LT(estimate.epsilon, estimate.at_most);
  EXPECT_NEAR(estimate.epsilon, std::log((1 - 1e-5 - 30.5 / 101) / (20.5 / 101)), 1e-9);
  const AttackEstimate perfect = estimate_attack(0, 100, 0, 100, 1e-5, 0.95);
  EXPECT_TRUE(std::isfinite(perfect.epsilon) && std::isfinite(perfect.at_least));
}

TEST(OneRun, EqualsTheClosedFormWhenEveryGuessIsRight) {
  for (const std::int64_t guesses : {20, 100, 500}) {
    const double p = std::pow(0.05, 1.0 / static_cast<double>(guesses));
    EXPECT_NEAR(epsilon_refuted_by_one_run(1000, guesses, guesses, 0, 0.95), std::log(p / (1 - p)), 1e-6);
  }
  EXPECT_EQ(epsilon_refuted_by_one_run(1000, 100, 50, 1e-5, 0.95), 0);
  EXPECT_LT(epsilon_refuted_by_one_run(1000, 100, 100, 1e-3, 0.95),
            epsilon_refuted_by_one_run(1000, 100, 100, 0, 0.95));
}

struct Audited {
  double certified, refuted, correct;
};

/// Audits one private run over canaries; `noise` is what is added, `claimed` what goes into the accounting.
Audited audit(const std::string& optimizer, const std::string& sampler, std::uint64_t seed) {
  register_components();
  const TaskContext context{at::kCPU, at::kFloat, RandomStreams(seed)};
  CanaryAuditOptions canaries;
  CanaryAudit task(canaries, context);
  const auto how = config::parse<FitOptions>(config::parse_yaml(
      fmt::format("{{optimizer: {}, sampler: {}, batch_size: 100, epochs: 10}}", optimizer, sampler), "test"));
  const nlohmann::json account = fit(task, how, context);
  Audited audited{account.at("privacy").at("epsilon").get<double>(), 0, 0};
  for (const auto& [name, value] : task.evaluate()) {
    if (name == "epsilon_at_least") audited.refuted = value;
    if (name == "correct") audited.correct = value;
  }
  return audited;
}

TEST(CanaryAudit, NeverExceedsTheCertificate) {
  for (const char* sampler : {"poisson", "uniform", "shuffle"})
    for (const double noise : {0.5, 1.0, 3.0}) {
      const Audited audited =
          audit(fmt::format("{{type: dp_sgd, noise_multiplier: {}, learning_rate: 1}}", noise), sampler, 1);
      EXPECT_LT(audited.refuted, audited.certified) << sampler << ", noise " << noise;
    }
}

TEST(CanaryAudit, SeesWhatIsThere) {
  // With little noise the members stand out, so the test above is not empty: the audit comes within a factor of the
  // certificate, and would refute an accountant that claimed a tenth of it.
  const Audited audited = audit("{type: dp_sgd, noise_multiplier: 0.5, learning_rate: 1}", "shuffle", 1);
  // Coordinates of members are N(10, 5²) after 10 uses and 100 noises, of the others N(0, 5²); among the 10 % at either
  // end 98.9 % are what they seem.
  EXPECT_NEAR(audited.correct, 0.989, 0.02);
  EXPECT_GT(audited.refuted, 3);
  const Audited quiet = audit("{type: dp_sgd, noise_multiplier: 30, learning_rate: 1}", "shuffle", 1);
  EXPECT_LT(quiet.refuted, 0.5);
}

TEST(CanaryAudit, RefutesAClippingThatDoesNotClip) {
  // The sum of gradients ten times the threshold, with noise for the threshold: what a broken implementation does.
  const Audited honest = audit("{type: dp_sgd, noise_multiplier: 4, learning_rate: 1}", "poisson", 2);
  const Audited broken = audit("{type: dp_sgd, noise_multiplier: 0.4, learning_rate: 1}", "poisson", 2);
  EXPECT_LT(honest.refuted, honest.certified);
  EXPECT_GT(broken.refuted, honest.certified);
}

TEST(MembershipInference, TellsMembersOfAnOverfittedModelAndNotOfAPrivateOne) {
  register_components();
  const auto estimate = [](const std::string& target) {
    const auto study = make_study(
        fmt::format(
            "{{type: membership_inference, data: {{type: gaussian_blobs, examples: 1000, features: 20, classes: 4, "
            "distance: 0.3}}, members: 100, shadows: 2, model: {{type: mlp, hidden: [64]}}, target: {}, attack: "
            "{{optimizer: {{type: adamw, learning_rate: 0.01}}, batch_size: 50, epochs: 20}}}}",
            target),
        3);
    make_steps(*study);
    return metrics_of(*study);
  };
  auto open = estimate("{optimizer: {type: adamw, learning_rate: 0.01}, batch_size: 20, epochs: 40}");
  auto closed = estimate(
      "{optimizer: {type: dp_sgd, noise_multiplier: 4, learning_rate: 0.5}, sampler: poisson, batch_size: 20, epochs: "
      "10}");
  EXPECT_EQ(open["member_accuracy"], 1) << "the model must remember its data";
  EXPECT_GT(open["epsilon_estimate"], closed["epsilon_estimate"] + 0.3);
  EXPECT_GT(open["epsilon_at_least"], 0.2);
  EXPECT_LE(closed["epsilon_at_least"], closed["epsilon_certified"]);
  EXPECT_EQ(open.count("epsilon_certified"), 0u);
}

TEST(MembershipInference, NamesTheExamplesThatAreMissing) {
  register_components();
  MembershipInferenceOptions options;
  options.members = 1000;
  try {
    MembershipInference study(options, StudyContext{at::kCPU, RandomStreams(1)});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("study.members"), std::string::npos);
  }
}

}  // namespace
}  // namespace talweg::tasks
