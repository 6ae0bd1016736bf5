#include "core/privacy/accountant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/privacy/calibration.h"
#include "core/privacy/epsilon_curve.h"
#include "core/privacy/gaussian.h"
#include "core/privacy/rdp_conversion.h"
#include "core/privacy/statement.h"
#include "core/privacy/without_replacement_rdp.h"

namespace talweg::privacy {
namespace {

using ::testing::HasSubstr;

Mechanism poisson(double q, double noise) {
  return {.sampling = Sampling::poisson, .sampling_rate = q, .noise_multiplier = noise};
}

Mechanism bounded(Sampling sampling) {
  return {.sampling = sampling,
          .sampling_rate = 0.1,
          .noise_multiplier = 4,
          .clip_norm = 1,
          .batch_size = 100,
          .learning_rate = 0.5,
          .domain = BoundedDomain{.radius = 0.01, .smoothness = 0.1}};
}

template <class F>
std::string config_error(F&& call) {
  try {
    call();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Accountants, EpsilonOfEachInOneSetting) {
  const Ledger ledger(poisson(0.01, 1.1), 10000);
  const PrivacySpent pld = find_accountant("pld").spent(ledger, 1e-5);
  const PrivacySpent rdp = find_accountant("sgm_rdp").spent(ledger, 1e-5);
  const PrivacySpent gdp = find_accountant("gdp").spent(ledger, 1e-5);
  EXPECT_NEAR(rdp.epsilon, 5.631992, 1e-5);
  EXPECT_NEAR(*rdp.order, 4.7, 1e-9);
  EXPECT_NEAR(gdp.epsilon, 5.064730, 1e-5);
  EXPECT_NEAR(pld.epsilon, 5.19259, 2e-3);
  EXPECT_LT(*pld.at_least, pld.epsilon);
  EXPECT_LT(gdp.epsilon, *pld.at_least) << "the approximation is below what is proven to be lost";
  EXPECT_EQ(gdp.guarantee, Guarantee::approximate);
  EXPECT_FALSE(gdp.warnings.empty());
}

TEST(Accountants, ShuffledEpochsAreExactGaussianMechanisms) {
  Mechanism m = poisson(0.01, 1.1);
  m.sampling = Sampling::shuffle;
  const Accountant& accountant = find_accountant("shuffle_gauss");
  EXPECT_NEAR(accountant.spent(Ledger(m, 10000), 1e-5, NeighbouringRelation::zero_out_one).epsilon, 79.2755, 1e-4);
  // Replacing an example moves the sum twice as far: the same as half the noise.
  Mechanism half = m;
  half.noise_multiplier /= 2;
  EXPECT_DOUBLE_EQ(accountant.spent(Ledger(m, 10000), 1e-5, NeighbouringRelation::replace_one).epsilon,
                   accountant.spent(Ledger(half, 10000), 1e-5, NeighbouringRelation::zero_out_one).epsilon);
  // TF-Privacy's published pair for 5 epochs: 12.595 once per epoch.
  m.noise_multiplier = 1;
  EXPECT_NEAR(accountant.spent(Ledger(m, 500), 1e-6, NeighbouringRelation::zero_out_one).epsilon, 12.595, 1e-3);
}

TEST(Accountants, NoiseThatChangesWithinAnEpochIsChargedForBothParts) {
  Mechanism m = poisson(1 / 7.0, 1), quieter = m;
  m.sampling = quieter.sampling = Sampling::shuffle;
  quieter.noise_multiplier = 2;
  Ledger ledger(m, 6);        // one use of an example, perhaps
  ledger.record(quieter, 2);  // the last step of its epoch and the first of the next: two
  EXPECT_NEAR(find_accountant("shuffle_gauss").spent(ledger, 1e-5, NeighbouringRelation::zero_out_one).epsilon,
              gaussian_epsilon(std::sqrt(1 + 2 / 4.0), 1e-5), 1e-9);
}

TEST(Accountants, SubsetsOfReplacedExamplesHaveHalfTheNoise) {
  Mechanism m = poisson(0.05, 4);
  m.sampling = Sampling::uniform;
  double best = INFINITY;
  for (int order = 2; order <= 128; ++order)
    best = std::min(best, epsilon_at_order(300 * without_replacement_rdp(0.05, 2, order), order, 1e-5));
  EXPECT_NEAR(find_accountant("wor_rdp").spent(Ledger(m, 300), 1e-5).epsilon, best, 1e-12);
}

TEST(Accountants, RefuseWhatTheyAreNotTrueFor) {
  const Ledger ledger(poisson(0.01, 1.1), 10);
  EXPECT_THAT(config_error([&] { find_accountant("shuffle_gauss").spent(ledger, 1e-5); }),
              HasSubstr("the sampler is poisson"));
  EXPECT_THAT(config_error([&] { find_accountant("wor_rdp").spent(ledger, 1e-5); }), HasSubstr("without replacement"));
  EXPECT_THAT(config_error([&] { find_accountant("pld").spent(ledger, 1); }), HasSubstr("'delta'"));
  EXPECT_THAT(config_error([&] { find_accountant("pld").spent(ledger, 1e-5, NeighbouringRelation::replace_one); }),
              HasSubstr("replace_one"));
  EXPECT_THAT(config_error([] { find_accountant("shuffel_gauss"); }), HasSubstr("did you mean 'shuffle_gauss'"));

  Mechanism m = bounded(Sampling::shuffle);
  const Accountant& dc = find_accountant("dc_shuffle");
  EXPECT_EQ(dc.misfit(m), "");
  m.domain->smoothness.reset();
  EXPECT_THAT(dc.misfit(m), HasSubstr("smoothness"));
  m.domain.reset();
  EXPECT_THAT(dc.misfit(m), HasSubstr("domain"));
  m = bounded(Sampling::shuffle);
  m.plain_sgd = false;
  EXPECT_THAT(dc.misfit(m), HasSubstr("momentum"));
  m = bounded(Sampling::poisson);
  EXPECT_THAT(dc.misfit(m), HasSubstr("poisson"));
  EXPECT_THAT(find_accountant("dc_wor").misfit(m), HasSubstr("poisson"));
  // A bound for a hidden state holds for constant steps.
  Ledger changing(bounded(Sampling::shuffle), 100);
  Mechanism louder = bounded(Sampling::shuffle);
  louder.noise_multiplier = 5;
  changing.record(louder, 100);
  EXPECT_THAT(config_error([&] { dc.spent(changing, 1e-5); }), HasSubstr("same noise"));
}

TEST(Accountants, PaperFormulasAreNeverCertificates) {
  const Ledger ledger(poisson(0.01, 0.5), 1);
  const PrivacySpent spent = find_accountant("paper_gc").spent(ledger, 1e-5);
  EXPECT_EQ(spent.guarantee, Guarantee::paper_formula);
  ASSERT_FALSE(spent.warnings.empty());
  EXPECT_THAT(spent.warnings.front(), HasSubstr("no certificate"));
  for (const Sampling sampling : {Sampling::poisson, Sampling::uniform, Sampling::shuffle, Sampling::sequential})
    EXPECT_EQ(default_accountant(sampling).guarantee, Guarantee::certified);
  EXPECT_THAT(privacy_statement(find_accountant("paper_gc"), ledger, 1e-5, NeighbouringRelation::replace_one),
              ::testing::AllOf(HasSubstr("not a guarantee"), HasSubstr("no differential privacy is claimed"),
                               ::testing::Not(HasSubstr("satisfies"))));
}

TEST(Accountants, AutomaticOnesKnowTheBoundedDomain) {
  const auto names = [](const Mechanism& m, const std::optional<NeighbouringRelation>& relation) {
    std::vector<std::string> list;
    for (const Accountant* accountant : automatic_accountants(m, relation)) list.push_back(accountant->name);
    return list;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(names(poisson(0.01, 1), {}), ElementsAre("pld"));
  EXPECT_THAT(names(bounded(Sampling::shuffle), {}), ElementsAre("shuffle_gauss", "dc_shuffle"));
  EXPECT_THAT(names(bounded(Sampling::uniform), {}), ElementsAre("wor_rdp", "dc_wor"));
  EXPECT_THAT(names(bounded(Sampling::shuffle), NeighbouringRelation::zero_out_one), ElementsAre("shuffle_gauss"));
  Mechanism unknown = bounded(Sampling::shuffle);
  unknown.domain->smoothness.reset();
  EXPECT_THAT(names(unknown, {}), ElementsAre("shuffle_gauss"));
}

TEST(EpsilonCurve, RisesToTheLedgersEnd) {
  const Accountant& gauss = find_accountant("shuffle_gauss");
  Mechanism m = poisson(0.1, 2);
  m.sampling = Sampling::shuffle;
  Ledger ledger(m, 30);
  m.noise_multiplier = 3;
  ledger.record(m, 30);
  const auto curve = epsilon_curve(gauss, ledger, 1e-5, NeighbouringRelation::replace_one, 3);
  ASSERT_EQ(curve.size(), 3u);
  // Ends of epochs of ten steps; uses of an example: two of s = 2, then one more of it and one of s = 3.
  EXPECT_EQ(curve[0].steps, 20);
  EXPECT_NEAR(curve[0].epsilon, gaussian_epsilon(std::sqrt(2.0), 1e-5), 1e-12);
  EXPECT_EQ(curve[1].steps, 40);
  EXPECT_NEAR(curve[1].epsilon, gaussian_epsilon(std::sqrt(3 + 4.0 / 9), 1e-5), 1e-12);
  EXPECT_EQ(curve[2].steps, 60);
  EXPECT_EQ(curve[2].epsilon, gauss.spent(ledger, 1e-5).epsilon);
  EXPECT_TRUE(epsilon_curve(gauss, Ledger(), 1e-5, NeighbouringRelation::replace_one, 3).empty());
}

TEST(Accountants, BoundedDomainSaturates) {
  for (const auto& [name, sampling] :
       {std::pair{"dc_shuffle", Sampling::shuffle}, std::pair{"dc_wor", Sampling::uniform}}) {
    const Accountant& accountant = find_accountant(name);
    const Mechanism m = bounded(sampling);
    const double short_run = accountant.spent(Ledger(m, 10), 1e-5).epsilon;
    const double long_run = accountant.spent(Ledger(m, 1000000), 1e-5).epsilon;
    EXPECT_LT(short_run, long_run) << name;
    EXPECT_NEAR(accountant.spent(Ledger(m, 2000000), 1e-5).epsilon, long_run, 1e-9) << name;
    EXPECT_LT(long_run, default_accountant(sampling).spent(Ledger(m, 1000000), 1e-5).epsilon) << name;
    EXPECT_EQ(accountant.spent(Ledger(m, 100), 1e-5).assumptions.size(), 3u) << name;
  }
}

TEST(Accountants, NoStepsCostNothingAndNoNoiseCostsAll) {
  EXPECT_EQ(find_accountant("pld").spent(Ledger(), 1e-5).epsilon, 0);
  EXPECT_TRUE(std::isinf(find_accountant("pld").spent(Ledger(poisson(0.1, 0), 1), 1e-5).epsilon));
}

TEST(Mechanisms, SayWhatIsWrong) {
  EXPECT_THAT(config_error([] { check(poisson(1.5, 1)); }), HasSubstr("'sampling_rate'"));
  EXPECT_THAT(config_error([] { check(poisson(0.1, -1)); }), HasSubstr("'noise_multiplier'"));
  Mechanism m = bounded(Sampling::shuffle);
  m.domain->radius = 0;
  EXPECT_THAT(config_error([&] { check(m); }), HasSubstr("'radius'"));
  m.domain = BoundedDomain{.radius = 1, .smoothness = -1};
  EXPECT_THAT(config_error([&] { check(m); }), HasSubstr("'smoothness'"));
}

TEST(Ledgers, ContinueAsIfNeverStopped) {
  Ledger whole;
  for (int i = 0; i < 1000; ++i) whole.record(poisson(0.02, 1.3));
  Ledger first(poisson(0.02, 1.3), 400);
  Ledger resumed = ledger_from_json(nlohmann::json::parse(to_json(first).dump()));
  resumed.record(poisson(0.02, 1.3), 600);
  EXPECT_EQ(resumed, whole);
  EXPECT_EQ(whole.entries().size(), 1u) << "equal neighbours are merged";
  for (const char* name : {"pld", "sgm_rdp", "gdp"})
    EXPECT_NEAR(find_accountant(name).spent(resumed, 1e-5).epsilon, find_accountant(name).spent(whole, 1e-5).epsilon,
                1e-12);
  EXPECT_EQ(ledger_from_json(to_json(Ledger(bounded(Sampling::sequential), 3))),
            Ledger(bounded(Sampling::sequential), 3));
}

TEST(Ledgers, OfEarlierVersionsNameSamplingInOtherWords) {
  std::string then = to_json(Ledger(bounded(Sampling::uniform), 3)).dump();
  then.replace(then.find("\"uniform\""), 9, "\"without_replacement\"");
  EXPECT_EQ(ledger_from_json(nlohmann::json::parse(then)), Ledger(bounded(Sampling::uniform), 3));
}

TEST(Ledgers, DamagedOnesAreDataErrors) {
  for (const char* text :
       {"{}", "[1]", R"([{"steps": 3}])", R"([{"mechanism": {}, "steps": 3}])",
        R"([{"mechanism": {"sampling": "lottery"}, "steps": 3}])", R"([{"mechanism": {}, "steps": -3}])"})
    EXPECT_THROW(ledger_from_json(nlohmann::json::parse(text)), DataError) << text;
}

TEST(Calibration, MeetsTheTargetsOfOpacus) {
  // Opacus's tests: ε = 8, δ = 1e-5, q = 0.04; RDP to 1.3562 after 2000 steps, 1.416 after 90 epochs; PRV 1.2915.
  const PrivacyTarget target{8, 1e-5, NeighbouringRelation::add_or_remove_one};
  EXPECT_NEAR(calibrate_noise(find_accountant("sgm_rdp"), poisson(0.04, 0), 2000, target), 1.3562, 2e-3);
  EXPECT_NEAR(calibrate_noise(find_accountant("sgm_rdp"), poisson(0.04, 0), 2250, target), 1.416, 2e-3);
  const double noise = calibrate_noise(find_accountant("pld"), poisson(0.04, 0), 2000, target);
  EXPECT_NEAR(noise, 1.2915, 5e-3);
  EXPECT_LE(find_accountant("pld").spent(Ledger(poisson(0.04, noise), 2000), 1e-5).epsilon, 8);
  EXPECT_GT(find_accountant("pld").spent(Ledger(poisson(0.04, noise / 1.001), 2000), 1e-5).epsilon, 8);
}

TEST(Calibration, BadTargets) {
  const Accountant& rdp = find_accountant("sgm_rdp");
  const auto calibrate = [&](double epsilon, double delta, std::int64_t steps) {
    return config_error([&] {
      calibrate_noise(rdp, poisson(0.04, 0), steps, {epsilon, delta, rdp.default_relation()});
    });
  };
  EXPECT_THAT(calibrate(0, 1e-5, 10), HasSubstr("'epsilon'"));
  EXPECT_THAT(calibrate(1, 1, 10), HasSubstr("'delta'"));
  EXPECT_THAT(calibrate(1, 1e-5, 0), HasSubstr("'steps'"));
  EXPECT_THAT(calibrate(1e-9, 1e-5, 1000000), HasSubstr("no noise multiplier"));
}

TEST(Calibration, AffordableStepsSpendTheBudgetAndNoMore) {
  const Accountant& rdp = find_accountant("sgm_rdp");
  const PrivacyTarget target{3, 1e-5, rdp.default_relation()};
  const Ledger spent(poisson(0.02, 1), 100);
  const std::int64_t steps = affordable_steps(rdp, spent, poisson(0.02, 1), target, 100000);
  ASSERT_GT(steps, 0);
  EXPECT_LE(rdp.spent(Ledger(poisson(0.02, 1), 100 + steps), 1e-5).epsilon, 3);
  EXPECT_GT(rdp.spent(Ledger(poisson(0.02, 1), 101 + steps), 1e-5).epsilon, 3);
  EXPECT_EQ(affordable_steps(rdp, spent, poisson(0.02, 1), {0.01, 1e-5, rdp.default_relation()}, 10), 0);
  EXPECT_EQ(affordable_steps(rdp, spent, poisson(0.02, 1), target, 7), 7);
}

TEST(Statements, SayWhatWasDoneAndForWhom) {
  const Accountant& pld = find_accountant("pld");
  const std::string text = privacy_statement(pld, Ledger(poisson(0.01, 1.1), 10000), 1e-5, pld.default_relation());
  for (const char* words : {"10000 steps", "Poisson sampling", "adding or removing one example", "'pld'", "δ = 1e-05",
                            "upper bound", "at least 5.19", "not for this run", "intermediate state"})
    EXPECT_THAT(text, HasSubstr(words));
  const Accountant& dc = find_accountant("dc_shuffle");
  const std::string hidden =
      privacy_statement(dc, Ledger(bounded(Sampling::shuffle), 1000), 1e-5, dc.default_relation());
  for (const char* words :
       {"replaced by any other", "Lipschitz constant 0.1", "assumed by the user", "Only the last parameters"})
    EXPECT_THAT(hidden, HasSubstr(words));
  EXPECT_THAT(hidden, ::testing::Not(HasSubstr("every intermediate state is published")));
  EXPECT_THAT(privacy_statement(pld, Ledger(poisson(0.01, 0), 1), 1e-5, pld.default_relation()),
              HasSubstr("no protection"));
}

TEST(Statements, NameUsesOutsideTheMechanism) {
  const std::string text = uses_outside({"Means were taken from the examples: give ranges."});
  EXPECT_THAT(text,
              ::testing::AllOf(HasSubstr("Means were taken"), HasSubstr("Hyper-parameters"), HasSubstr("floating")));
  EXPECT_THAT(delta_warning(1e-2, 1000), HasSubstr("not below one over"));
  EXPECT_THAT(delta_warning(1e-3, 1000), HasSubstr("not below one over"));
  EXPECT_EQ(delta_warning(1e-5, 1000), "");
}

}  // namespace
}  // namespace talweg::privacy
