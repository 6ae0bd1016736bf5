// Clipping, noise, divisor, domain and ledger of private training, on gradients that the test chooses.
#include "optim/privacy/private_optimizer.h"

#include <gtest/gtest.h>

#include "complaint.h"
#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "optim/adamw.h"
#include "optim/dp_sgd.h"
#include "optim/lbfgs.h"
#include "optim/polyak_step.h"
#include "optim/register.h"
#include "privacy/example_gradients.h"

namespace talweg::optim {
namespace {

using testing::complaint;

DpSgdOptions options(double noise, double clip = 1, double learning_rate = 1) {
  DpSgdOptions o;
  o.privacy.noise_multiplier = noise;
  o.privacy.clip_norm = clip;
  o.update.learning_rate = learning_rate;
  return o;
}

RunPlan plan(std::int64_t batch = 10, std::optional<Sampling> sampling = Sampling::poisson, std::int64_t steps = 100) {
  RunPlan p;
  p.dataset_size = 1000;
  p.batch_size = batch;
  p.steps = steps;
  p.steps_per_epoch = 1000.0 / static_cast<double>(batch);
  p.sampling = sampling;
  p.streams = RandomStreams(7);
  return p;
}

TEST(DpSgd, NoiseHasTheStatedDeviationAndIsGaussian) {
  const at::Tensor theta = at::zeros({200000}).requires_grad_();
  DpSgd optimizer({{"theta", theta}}, options(1.5, 2));
  ExampleGradients objective(theta, at::zeros({10, 200000}));
  optimizer.begin_run(plan(10), objective);
  optimizer.step(objective);
  const at::Tensor noise = theta.detach().to(at::kDouble);  // η = 1: θ = −G, and 1.5·2/10 = 0.3
  EXPECT_NEAR(noise.std().item<double>(), 0.3, 0.003);
  EXPECT_NEAR(noise.mean().item<double>(), 0, 0.003);
  EXPECT_NEAR((noise.pow(4).mean() / noise.square().mean().square()).item<double>(), 3, 0.1);
}

TEST(DpSgd, NoiseDependsOnSeedStepAndMechanismAlone) {
  const auto noise_of = [](std::uint64_t seed, int steps, double multiplier) {
    const at::Tensor theta = at::zeros({100}).requires_grad_();
    DpSgd optimizer({{"theta", theta}}, options(multiplier));
    ExampleGradients objective(theta, at::zeros({10, 100}));
    RunPlan p = plan();
    p.streams = RandomStreams(seed);
    optimizer.begin_run(p, objective);
    at::Tensor before;
    for (int i = 0; i < steps; ++i) {
      before = theta.detach().clone();
      at::randn({17});  // the program's own use of its generator changes nothing
      optimizer.step(objective);
    }
    return (theta.detach() - before) / multiplier;
  };
  EXPECT_TRUE(at::equal(noise_of(1, 2, 1), noise_of(1, 2, 1)));
  EXPECT_FALSE(at::allclose(noise_of(1, 2, 1), noise_of(1, 1, 1)));
  EXPECT_FALSE(at::allclose(noise_of(1, 2, 1), noise_of(2, 2, 1)));
  EXPECT_FALSE(at::allclose(noise_of(1, 2, 1), noise_of(1, 2, 2))) << "two runs with one noise would reveal their data";
}

TEST(DpSgd, SecureNoiseIsGaussianAndNeverTheSame) {
  const auto noise = [] {
    const at::Tensor theta = at::zeros({50000}).requires_grad_();
    DpSgdOptions o = options(1, 1);
    o.privacy.secure = true;
    DpSgd optimizer({{"theta", theta}}, o);
    ExampleGradients objective(theta, at::zeros({1, 50000}));
    optimizer.begin_run(plan(1), objective);
    optimizer.step(objective);
    return theta.detach().to(at::kDouble);
  };
  const at::Tensor a = noise(), b = noise();
  EXPECT_NEAR(a.std().item<double>(), 1, 0.015);
  EXPECT_NEAR((a.pow(4).mean() / a.square().mean().square()).item<double>(), 3, 0.12);
  EXPECT_LT(std::abs((a * b).mean().item<double>()), 0.03);
}

TEST(DpSgd, DividesByTheConfiguredBatchWhateverWasDrawn) {
  const at::Tensor theta = at::zeros({2}, at::kDouble).requires_grad_();
  DpSgd optimizer({{"theta", theta}}, options(0, 100));
  ExampleGradients objective(theta, at::tensor({1.0, 0.0, 2.0, 0.0, 3.0, 1.0}, at::kDouble).view({3, 2}));
  optimizer.begin_run(plan(10), objective);
  optimizer.step(objective);
  EXPECT_NEAR(theta[0].item<double>(), -0.6, 1e-12);
  EXPECT_NEAR(theta[1].item<double>(), -0.1, 1e-12);
}

TEST(DpSgd, AnEmptyBatchGetsNoiseAndCounts) {
  const at::Tensor theta = at::zeros({100}).requires_grad_();
  DpSgd optimizer({{"theta", theta}}, options(1));
  ExampleGradients objective(theta, at::zeros({0, 100}));
  optimizer.begin_run(plan(), objective);
  optimizer.step(objective);
  EXPECT_GT(theta.detach().norm().item<double>(), 0.1);
  EXPECT_EQ(optimizer.privatiser().ledger().steps(), 1);
}

TEST(DpSgd, EveryGradientIsCutAtTheThreshold) {
  const at::Tensor theta = at::zeros({2}, at::kDouble).requires_grad_();
  DpSgd optimizer({{"theta", theta}}, options(0, 0.5));
  ExampleGradients objective(theta, at::tensor({30.0, 40.0, 0.1, 0.0}, at::kDouble).view({2, 2}));
  optimizer.begin_run(plan(1), objective);
  optimizer.step(objective);
  EXPECT_NEAR(theta[0].item<double>(), -(0.3 + 0.1), 1e-6);
  EXPECT_NEAR(theta[1].item<double>(), -0.4, 1e-6);
}

TEST(DpSgd, TheDomainHoldsAfterEveryStepWithOneNormForAllParameters) {
  for (const DomainCenter center : {DomainCenter::init, DomainCenter::zero}) {
    const at::Tensor a = at::full({30}, 0.1).requires_grad_(), b = at::full({20}, -0.1).requires_grad_();
    const std::vector<at::Tensor> start{a.detach().clone(), b.detach().clone()};
    DpSgdOptions o = options(1);
    o.domain = DomainOptions{1.5, center, {}};
    DpSgd optimizer({{"a", a}, {"b", b}}, o);
    ExampleGradients objective({a, b}, 4);
    optimizer.begin_run(plan(1), objective);
    double largest = 0;
    for (int step = 0; step < 20; ++step) {
      optimizer.step(objective);
      double square = 0;
      const double centre = center == DomainCenter::zero ? 0 : 1;
      square += (a.detach() - centre * start[0]).square().sum().item<double>();
      square += (b.detach() - centre * start[1]).square().sum().item<double>();
      largest = std::max(largest, std::sqrt(square));
      EXPECT_LE(std::sqrt(square), 1.5 * (1 + 1e-6));
    }
    EXPECT_GT(largest, 1.5 * 0.9999) << "the domain must bind";
  }
}

TEST(Ball, LeavesTheInsideAloneBitForBit) {
  at::Tensor a = at::tensor({0.1f, 0.7f}), b = at::tensor({0.3f});
  const at::Tensor a0 = a.clone(), b0 = b.clone();
  Ball::around_zero(1).project({a, b});
  EXPECT_TRUE(at::equal(a, a0) && at::equal(b, b0));
  at::Tensor far = at::tensor({3e6f, 4e6f});
  Ball::around_zero(1).project({far});
  EXPECT_NEAR(far.norm().item<double>(), 1, 1e-6);
  EXPECT_NEAR((far[0] / far[1]).item<double>(), 0.75, 1e-6);
}

TEST(Dp, AdamOnPrivatisedGradientsEqualsAdamOnTheSameGradients) {
  const at::Tensor theta = at::ones({3}, at::kDouble).requires_grad_(),
                   twin = at::ones({3}, at::kDouble).requires_grad_();
  DpOptions o;
  o.privacy.noise_multiplier = 0;
  o.privacy.clip_norm = 1e9;
  register_components();
  Dp optimizer({{"theta", theta}}, o);
  const at::Tensor gradients = at::randn({5, 3}, at::kDouble);
  ExampleGradients objective(theta, gradients);
  optimizer.begin_run(plan(5), objective);
  AdamW plain(std::vector<at::Tensor>{twin}, AdamWOptions{});
  for (int i = 0; i < 3; ++i) {
    optimizer.step(objective);
    plain.step([&] {
      twin.mutable_grad() = gradients.mean(0);
      return at::zeros({});
    });
  }
  EXPECT_TRUE(at::allclose(theta, twin, 1e-9, 1e-12));
}

TEST(Dp, RefusesOptimizersThatLookAtTheLoss) {
  register_components();
  const at::Tensor theta = at::ones({3}).requires_grad_();
  for (const char* inner : {"armijo", "lbfgs", "sps", "extra_gradient", "gd_smooth", "dp_sgd"}) {
    DpOptions o;
    o.privacy.noise_multiplier = 1;
    o.inner = config::Component<OptimizerKind>(inner);
    EXPECT_NE(complaint([&] { Dp({{"theta", theta}}, o); }).find("not private"), std::string::npos) << inner;
  }
}

TEST(DpSgd, ConfigurationsThatCannotBeTrueAreRefused) {
  const at::Tensor theta = at::zeros({2}).requires_grad_();
  ExampleGradients objective(theta, at::zeros({3, 2}));
  const auto begin = [&](DpSgdOptions o, const RunPlan& p) {
    return complaint([&] { DpSgd({{"theta", theta}}, o).begin_run(p, objective); });
  };
  DpSgdOptions paper = options(1);
  paper.privacy.accountant = "paper_gc";
  EXPECT_NE(begin(paper, plan(10, Sampling::poisson)).find("paper_gc"), std::string::npos);
  EXPECT_NE(begin(paper, plan(10, Sampling::uniform)).find("paper_gc"), std::string::npos);
  EXPECT_EQ(begin(paper, plan(10, Sampling::shuffle)), "");
  DpSgdOptions pld = options(1);
  pld.privacy.accountant = "pld";
  EXPECT_NE(begin(pld, plan(10, Sampling::shuffle)).find("pld"), std::string::npos);
  DpSgdOptions unknown = options(1);
  unknown.privacy.accountant = "pdl";
  EXPECT_NE(begin(unknown, plan()).find("pld"), std::string::npos) << "a suggestion";
  DpSgdOptions bounded = options(1);
  bounded.privacy.accountant = "dc_shuffle";
  bounded.domain = DomainOptions{1, DomainCenter::init, {}};
  EXPECT_NE(begin(bounded, plan(10, Sampling::shuffle)).find("smoothness"), std::string::npos);
  bounded.domain->smoothness = 1;
  EXPECT_EQ(begin(bounded, plan(10, Sampling::shuffle)), "");
  bounded.update.momentum = 0.9;
  EXPECT_NE(begin(bounded, plan(10, Sampling::shuffle)), "") << "the bound is for plain SGD";
  DpSgdOptions normalized = bounded;
  normalized.update.momentum = 0;
  normalized.privacy.clipping = ClippingRule::normalized;
  EXPECT_NE(begin(normalized, plan(10, Sampling::shuffle)), "") << "normalised clipping is no projection";
  RunPlan clipped = plan();
  clipped.clips_gradient = true;
  EXPECT_NE(begin(options(1), clipped).find("clip_norm"), std::string::npos);
  EXPECT_NE(begin(options(1), plan(10, std::nullopt)).find("sampler"), std::string::npos);
}

TEST(DpSgd, OptionsAreCheckedWhereTheyStand) {
  register_components();
  const auto parse = [](const std::string& text) {
    return complaint([&] {
      const auto o = config::parse<DpSgdOptions>(config::parse_yaml(text, "test"));
      (void)o;
    });
  };
  EXPECT_EQ(parse("{noise_multiplier: 1}"), "");
  EXPECT_NE(parse("{learning_rate: 1}").find("target_epsilon"), std::string::npos);
  EXPECT_NE(parse("{noise_multiplier: 0, target_epsilon: 8}").find("exactly one"), std::string::npos);
  EXPECT_NE(parse("{noise_multiplier: 1, delta: 1}").find("'delta' must be below 1"), std::string::npos);
  EXPECT_NE(parse("{target_epsilon: 0}").find("'target_epsilon' must be above 0"), std::string::npos);
  EXPECT_NE(parse("{noise_multiplier: 1, domain: {radius: 0}}").find("'radius' must be above 0"), std::string::npos);
  EXPECT_NE(parse("{noise_multiplier: 1, domain: {center: zero}}").find("radius"), std::string::npos);
  EXPECT_NE(parse("{noise_multiplier: 1, clip_norm: -1}").find("clip_norm"), std::string::npos);
}

TEST(DpSgd, TheTargetDecidesTheNoise) {
  const at::Tensor theta = at::zeros({2}).requires_grad_();
  ExampleGradients objective(theta, at::zeros({3, 2}));
  DpSgdOptions o;
  o.privacy.target_epsilon = 2;
  o.privacy.accountant = "sgm_rdp";
  DpSgd optimizer({{"theta", theta}}, o);
  optimizer.begin_run(plan(10, Sampling::poisson, 1000), objective);
  for (int i = 0; i < 1000; ++i) optimizer.step(objective);
  const nlohmann::json account = optimizer.account().at("privacy");
  EXPECT_LE(account.at("epsilon").get<double>(), 2);
  EXPECT_GT(account.at("epsilon").get<double>(), 1.99);
  EXPECT_EQ(account.at("sampler"), "poisson");
  EXPECT_NE(account.at("statement").get<std::string>().find("seed"), std::string::npos);
}

TEST(DpSgd, AutomaticallyTheSmallestCertifiedEpsilonOfTheDomain) {
  const at::Tensor theta = at::zeros({2}).requires_grad_();
  ExampleGradients objective(theta, at::zeros({3, 2}));
  DpSgdOptions o = options(2, 1, 0.1);
  o.domain = DomainOptions{0.01, DomainCenter::init, 0.1};  // so small that steps are soon forgotten
  const auto account = [&](const RunPlan& p) {
    DpSgd optimizer({{"theta", theta}}, o);
    optimizer.begin_run(p, objective);
    for (int i = 0; i < p.steps; ++i) optimizer.step(objective);
    return optimizer.account().at("privacy");
  };
  RunPlan p = plan(10, Sampling::shuffle, 3000);
  const nlohmann::json bounded = account(p);
  EXPECT_EQ(bounded.at("accountant"), "dc_shuffle");
  p.keeps_learning_rate = false;  // the bound is for equal steps
  const nlohmann::json unbounded = account(p);
  EXPECT_EQ(unbounded.at("accountant"), "shuffle_gauss");
  EXPECT_LT(bounded.at("epsilon").get<double>(), unbounded.at("epsilon").get<double>());
}

TEST(DpSgd, SaysWhatARunCostsBeforeAndAfterIt) {
  const at::Tensor theta = at::zeros({2}).requires_grad_();
  ExampleGradients objective(theta, at::zeros({3, 2}));
  DpSgdOptions o;
  o.privacy.target_epsilon = 2;
  o.privacy.delta = 1e-2;
  RunPlan p = plan(10, Sampling::shuffle, 300);
  p.uses_of_data = {"Means were taken from the examples: give ranges."};
  DpSgd shuffled({{"theta", theta}}, o);
  shuffled.begin_run(p, objective);
  for (const char* words : {"noise multiplier", "times the noise of Poisson samples", "'training.sampler: poisson'",
                            "delta = 0.01 is not below"})
    EXPECT_NE(shuffled.announcement().find(words), std::string::npos) << shuffled.announcement();
  for (int i = 0; i < 300; ++i) shuffled.step(objective);
  const std::string statement = shuffled.account().at("privacy").at("statement").get<std::string>();
  EXPECT_NE(statement.find("Means were taken"), std::string::npos);
  const std::vector<plot::Figure> figures = shuffled.figures();
  ASSERT_EQ(figures.size(), 1u);
  EXPECT_EQ(figures[0].series[0].x.back(), 300);
  EXPECT_NEAR(figures[0].series[0].y.back(), 2, 1e-3);

  DpSgd poisson({{"theta", theta}}, o);
  poisson.begin_run(plan(10, Sampling::poisson, 300), objective);
  EXPECT_EQ(poisson.announcement().find("times the"), std::string::npos) << poisson.announcement();
}

TEST(DpSgd, NoiseThatHidesNothingHasTheEpsilonOfItsAccountant) {
  const at::Tensor theta = at::zeros({2}).requires_grad_();
  ExampleGradients objective(theta, at::zeros({3, 2}));
  DpSgd optimizer({{"theta", theta}}, options(0.05));
  optimizer.begin_run(plan(), objective);
  optimizer.step(objective);
  const privacy::Accountant& pld = privacy::find_accountant("pld");
  EXPECT_EQ(optimizer.account().at("privacy").at("epsilon").get<double>(),
            pld.spent(optimizer.privatiser().ledger(), 1e-5).epsilon);
}

TEST(DpSgd, FourHundredAndSixHundredStepsAreAThousand) {
  const at::Tensor theta = at::zeros({2}).requires_grad_();
  ExampleGradients objective(theta, at::zeros({3, 2}));
  const auto make = [&] {
    auto optimizer = std::make_unique<DpSgd>(ParameterList{{"theta", theta}}, options(1.1));
    optimizer->begin_run(plan(), objective);
    return optimizer;
  };
  const auto whole = make(), first = make(), second = make();
  for (int i = 0; i < 1000; ++i) whole->step(objective);
  for (int i = 0; i < 400; ++i) first->step(objective);
  second->load_state_dict(first->state_dict());
  for (int i = 0; i < 600; ++i) second->step(objective);
  EXPECT_EQ(second->privatiser().ledger(), whole->privatiser().ledger());
  const double a = whole->account().at("privacy").at("epsilon").get<double>();
  const double b = second->account().at("privacy").at("epsilon").get<double>();
  EXPECT_NEAR(a, b, 1e-12);
  EXPECT_GT(a, 0.1);
}

TEST(DpSgd, LostStepsThatWillBeOthersCountAtTheNoiseTheyHadAndTheNextDrawNoiseOfTheirOwn) {
  const at::Tensor theta = at::zeros({2}).requires_grad_();
  ExampleGradients objective(theta, at::zeros({3, 2}));
  const auto made = [&](double noise) {
    auto optimizer = std::make_unique<DpSgd>(ParameterList{{"theta", theta}}, options(noise));
    optimizer->begin_run(plan(), objective);
    return optimizer;
  };
  const auto first = made(1);
  first->step(objective);
  const OptimizerState state = first->state_dict();
  const auto next_move = [&](bool differ, double noise) {
    const auto optimizer = made(noise);
    optimizer->load_state_dict(state);
    optimizer->count_lost_steps({.made = 9, .beyond = 4, .differ = differ});
    const privacy::Ledger& ledger = optimizer->privatiser().ledger();
    EXPECT_EQ(ledger.steps(), differ ? 5 : 1);
    EXPECT_EQ(ledger.entries().back().mechanism.noise_multiplier, 1) << "that of the steps that were made";
    // What is saved from there on goes on with the same noise.
    const auto resumed = made(noise);
    resumed->load_state_dict(optimizer->state_dict());
    const at::Tensor before = theta.detach().clone();
    optimizer->step(objective);
    const at::Tensor move = theta.detach() - before;
    {
      torch::NoGradGuard no_grad;
      theta.copy_(before);
    }
    resumed->step(objective);
    EXPECT_TRUE(at::equal(theta.detach() - before, move));
    {
      torch::NoGradGuard no_grad;
      theta.copy_(before);
    }
    return move;
  };
  EXPECT_TRUE(at::equal(next_move(false, 1), next_move(false, 1)));
  EXPECT_FALSE(at::equal(next_move(false, 1), next_move(true, 1)));
  next_move(true, 2);
}

TEST(DpSgd, LostStepsCountWhenTheirNoiseCannotBeRepeated) {
  const at::Tensor theta = at::zeros({2}).requires_grad_();
  ExampleGradients objective(theta, at::zeros({3, 2}));
  for (const bool secure : {false, true}) {
    DpSgdOptions o = options(1);
    o.privacy.secure = secure;
    DpSgd optimizer({{"theta", theta}}, o);
    optimizer.begin_run(plan(), objective);
    optimizer.step(objective);
    optimizer.count_lost_steps({.made = 5, .beyond = 3});
    EXPECT_EQ(optimizer.privatiser().ledger().steps(), secure ? 6 : 1);
  }
}

}  // namespace
}  // namespace talweg::optim
