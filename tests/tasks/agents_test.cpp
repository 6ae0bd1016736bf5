// Teams: agents that train on data of their own and exchange parameters.
#include <gtest/gtest.h>

#include <cmath>

#include "complaint.h"
#include "core/agents/team.h"
#include "core/error.h"
#include "core/files/yaml.h"
#include "core/io/output_file.h"
#include "core/kinds/run_recipe.h"
#include "core/libtorch.h"
#include "core/metrics/json_lines.h"
#include "core/temporary_folder.h"
#include "tasks/mortal_recorder.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

using talweg::testing::complaint;

constexpr const char* kRegression = "task: glm\n";  // of 64 examples

agents::AgentsConfig team(const std::string& agents, const std::string& rest) {
  register_components();
  return config::parse<agents::AgentsConfig>(
      config::parse_yaml("name: team\nseed: 3\ndevice: cpu\nagents: " + agents + "\n" + rest, "team.yaml"));
}

at::Tensor flat(const ParameterList& parameters) {
  std::vector<at::Tensor> all;
  for (const NamedParameter& parameter : parameters) all.push_back(parameter.tensor.detach().reshape({-1}));
  return at::cat(all);
}

void advance(Computation& computation, std::int64_t steps) {
  for (std::int64_t i = 0; i < steps; ++i) computation.step(i);
}

// The mean of θ − η g_i is θ − η times the mean of the g_i: with equal parts, whole batches and an exchange with
// everybody after every step, agents descend as one that has all the data.
TEST(Team, OnACompleteGraphDescendsAsOneThatHasAllTheData) {
  const std::string rest = std::string(kRegression) + "optimizer: {type: sgd, learning_rate: 0.5}\n";
  agents::Team agents(team("{count: 4, graph: complete}", rest + "training: {steps: 20, batch_size: 16, precision: "
                                                                 "float64}\n"),
                      at::kCPU);
  Training alone(config::parse<RunConfig>(config::parse_yaml(
                     "name: alone\nseed: 3\n" + rest + "training: {steps: 20, batch_size: 64, precision: float64}\n",
                     "alone.yaml")),
                 at::kCPU);
  const at::Tensor start = flat(alone.parameters()).clone();
  advance(agents, 20);
  advance(alone, 20);
  EXPECT_GT((flat(alone.parameters()) - start).norm().item<double>(), 0.1) << "something was learnt";
  for (int i = 0; i < 4; ++i)
    EXPECT_LT((flat(agents.agent(i).parameters()) - flat(alone.parameters())).abs().max().item<double>(), 1e-13);
}

TEST(Team, StartsEqualAndGoesApartWhereNothingIsHeard) {
  const std::string rest =
      std::string(kRegression) +
      "optimizer: {type: sgd, learning_rate: 0.1}\ntraining: {steps: 5, batch_size: 10, precision: float64}\n";
  agents::Team deaf(team("{count: 3, graph: complete, links: {drop: 1}}", rest), at::kCPU),
      apart(team("{count: 3, edges: []}", rest), at::kCPU);
  EXPECT_TRUE(at::equal(flat(deaf.agent(0).parameters()), flat(deaf.agent(2).parameters())));
  advance(deaf, 5);
  advance(apart, 5);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(at::equal(flat(deaf.agent(i).parameters()), flat(apart.agent(i).parameters())));
  EXPECT_FALSE(at::equal(flat(deaf.agent(0).parameters()), flat(deaf.agent(2).parameters())));
}

TEST(Team, OfAgentsWithTheSameDataDrawsInDifferentOrders) {
  agents::Team agents(
      team("{count: 2, edges: [], data: none}", std::string(kRegression) + "training: {steps: 1, batch_size: 10}\n"),
      at::kCPU);
  agents.step(0);
  EXPECT_FALSE(at::equal(flat(agents.agent(0).parameters()), flat(agents.agent(1).parameters())));
}

// Every agent's guarantee is about its own examples: 16 of the 64 here, so batches of 4 are a quarter of them.
TEST(Team, StatesPrivacyOfEveryAgentForItsOwnData) {
  agents::Team agents(team("{count: 4}", std::string(kRegression) +
                                             "optimizer: {type: dp_sgd, noise_multiplier: 2, clip_norm: 1, delta: "
                                             "1e-3}\ntraining: {steps: 3, batch_size: 4, sampler: poisson}\n"),
                      at::kCPU);
  advance(agents, 3);
  const nlohmann::json account = agents.account();
  ASSERT_EQ(account.size(), 4u);
  EXPECT_EQ(account.at("agent_3/privacy").at("sampling_rate").get<double>(), 0.25);
}

constexpr const char* kDigits =
    "task: {type: classification, data: digits, model: {type: mlp, hidden: [8], dropout: 0.2}}\n"
    "optimizer: {type: adamw, learning_rate: 0.01}\n"
    "training: {steps: 14, batch_size: 32, log_every: 2, evaluate_every: 7}\ncheckpoint: {every: 3}\n";

std::unique_ptr<RunRecipe> digits(const std::string& consensus = "averaging",
                                  const std::string& links = "{drop: 0.4, delay: 1}") {
  register_components();
  return parse_recipe(
      config::parse_yaml("name: team\ndevice: cpu\nagents: {count: 3, graph: path, every: 2, consensus: " + consensus +
                             ", links: " + links + "}\n" + kDigits,
                         "team.yaml"));
}

/// Three times killed after a checkpoint, and at last carried on to the end: everything that was recorded.
void expect_to_go_on_as_undisturbed(const std::string& consensus, const std::string& links) {
  SCOPED_TRACE(consensus);
  const talweg::testing::TemporaryFolder folder;
  const auto make = [&](std::unique_ptr<RunRecorder> recorder) {
    return digits(consensus, links)->make(std::move(recorder), {at::kCPU, nullptr, true});
  };
  const RunDirectory whole = RunDirectory::create(folder.path() / "whole");
  const RunOutcome undisturbed = make(make_directory_recorder(whole))->run();
  EXPECT_EQ(undisturbed.status, RunStatus::completed);
  const RunDirectory parts = RunDirectory::create(folder.path() / "parts");
  for (const std::int64_t killed : {3, 6, 12}) {
    const auto run = make(std::make_unique<Mortal>(parts, killed));
    if (killed > 3) run->restore();
    EXPECT_THROW(run->run(), Killed);
  }
  const auto last = make(make_directory_recorder(parts));
  last->restore();
  EXPECT_EQ(last->run().metrics, undisturbed.metrics);
  const auto a = metrics::read_metrics(whole.metrics()), b = metrics::read_metrics(parts.metrics());
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].values, b[i].values) << "step " << a[i].step;
  EXPECT_EQ(io::read_whole_file(whole.path() / "links.jsonl"), io::read_whole_file(parts.path() / "links.jsonl"));
}

TEST(Team, KilledAndResumedEqualsUndisturbed) {
  expect_to_go_on_as_undisturbed("averaging", "{drop: 0.4, delay: 1}");
  const std::string links = "{drop: 0.2, drop_by: link, bursts: {begin: 0.2, end: 0.5}, delay_spread: 1}";
  for (const char* consensus :
       {"federated_average", "{type: dsgd, gradient_at: own, weights: uniform}", "dsgt", "{type: macim, penalty: 0.1}",
        "{type: dinno, penalty: 0.1, penalty_growth: 1.01}", "{type: ramen, penalty: 0.1}",
        "{type: ramen, penalty: 0.1, dual: per_edge, stale_policy: clear}",
        "{type: ramen, penalty: 0.1, dual: none, freeze_weights: false, uncounted: [layers.0]}"})
    expect_to_go_on_as_undisturbed(consensus, links);
}

TEST(Team, ReportsAgentsTheirMeanAndTheMeanModel) {
  const talweg::testing::TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder.path() / "run");
  const RunOutcome outcome = digits()->make(make_directory_recorder(directory), {at::kCPU, nullptr, true})->run();
  std::map<std::string, double> metrics(outcome.metrics.begin(), outcome.metrics.end());
  double mean = 0;
  for (const int i : {0, 1, 2}) mean += metrics.at(fmt::format("agent_{}/eval/accuracy", i)) / 3;
  EXPECT_NEAR(metrics.at("eval/accuracy"), mean, 1e-12);
  EXPECT_GT(metrics.at("mean_model/accuracy"), 0);
  EXPECT_GT(metrics.at("agents/disagreement"), 0);
  EXPECT_EQ(outcome.counts.at("messages_sent"), 7 * 4) << "two links, both ways, after every second step";
  EXPECT_TRUE(std::filesystem::exists(directory.figures() / "agents_accuracy.json"));
}

/// The largest distance of two agents of a regression after 60 steps with an exchange after every second one.
double distance_apart(const std::string& consensus, const std::string& optimizer) {
  agents::Team agents(team("{count: 4, graph: complete, every: 2, data: blocks, consensus: " + consensus + "}",
                           std::string(kRegression) + "optimizer: " + optimizer +
                               "\ntraining: {steps: 60, batch_size: 16, precision: float64}\n"),
                      at::kCPU);
  advance(agents, 60);
  double apart = 0;
  for (int i = 1; i < 4; ++i)
    apart = std::max(apart,
                     (flat(agents.agent(i).parameters()) - flat(agents.agent(0).parameters())).norm().item<double>());
  return apart;
}

// The term of a consensus enters through the objective, so that whatever minimises has it.
TEST(Team, AgreesWithAnyOptimizer) {
  for (const char* optimizer :
       {"{type: sgd, learning_rate: 0.5}", "{type: adamw, learning_rate: 0.01}", "armijo", "lbfgs",
        "{type: lorenza, learning_rate: 0.01}",
        "{type: dp_sgd, noise_multiplier: 0.1, clip_norm: 1, delta: 1e-3, learning_rate: 0.5}"}) {
    SCOPED_TRACE(optimizer);
    const double alone = distance_apart("{type: macim, penalty: 1e-9}", optimizer);
    for (const char* consensus : {"{type: dinno, penalty: 0.05}", "{type: macim, penalty: 0.05}"})
      EXPECT_LT(distance_apart(consensus, optimizer), 0.7 * alone) << consensus;
  }
}

// Without noise, and with a bound that no gradient reaches, a private step is one of gradient descent; the pull of the
// others is added once, outside of what is clipped and divided.
TEST(Team, AddsTheTermToTheGradientThatWasMadePrivate) {
  const std::string agents_section = "{count: 4, graph: complete, every: 1, consensus: {type: dinno, penalty: 0.3}}";
  const std::string training = "\ntraining: {steps: 6, batch_size: 4, precision: float64}\n";
  agents::Team plain(
      team(agents_section, std::string(kRegression) + "optimizer: {type: sgd, learning_rate: 0.5}" + training),
      at::kCPU);
  agents::Team without_noise(team(agents_section, std::string(kRegression) +
                                                      "optimizer: {type: dp_sgd, noise_multiplier: 0, clip_norm: 1e6, "
                                                      "delta: 1e-3, learning_rate: 0.5}" +
                                                      training),
                             at::kCPU);
  advance(plain, 6);
  advance(without_noise, 6);
  for (int i = 0; i < 3; ++i)
    EXPECT_LT(
        (flat(plain.agent(i).parameters()) - flat(without_noise.agent(i).parameters())).abs().max().item<double>(),
        1e-13);
}

TEST(Team, RefusesToSendWhatIsMadeOfGradientsWithoutNoise) {
  const auto of = [](const std::string& consensus) {
    return complaint([&] {
      agents::Team(
          team("{count: 4, consensus: " + consensus + "}",
               std::string(kRegression) + "optimizer: {type: dp_sgd, noise_multiplier: 2, clip_norm: 1, delta: "
                                          "1e-3}\ntraining: {steps: 3, batch_size: 4, sampler: poisson}\n"),
          at::kCPU);
    });
  };
  EXPECT_NE(of("ramen").find("update counts"), std::string::npos);
  EXPECT_NE(of("dsgt").find("gradient tracker"), std::string::npos);
  EXPECT_EQ(of("dinno"), "");
}

TEST(Team, ReportsTheLossOfTheTaskWithoutTheTerm) {
  const std::string rest = std::string(kRegression) +
                           "optimizer: {type: sgd, learning_rate: 1e-9}\ntraining: {steps: 3, batch_size: 64, "
                           "precision: float64, log_every: 1}\n";
  agents::Team pulled(
      team("{count: 2, data: none, consensus: {type: dinno, penalty: 5, objective_gradient_scale: 2}}", rest),
      at::kCPU);
  advance(pulled, 3);
  Training alone(config::parse<RunConfig>(config::parse_yaml("name: alone\nseed: 3\n" + rest, "alone.yaml")), at::kCPU);
  alone.step(0);
  EXPECT_NEAR(pulled.last_loss(), alone.last_loss(), 1e-6);
}

// By itself an agent is soon at the mean of its two points, where a training on whole batches ends; what it hears moves
// it on, and it goes on with that.
TEST(Team, IsNotEndedByAgentsThatConvergedByThemselves) {
  agents::Team agents(team("{count: 2, graph: complete, every: 200}",
                           "task: {type: gaussian_mean, examples: 4, dimension: 2}\noptimizer: armijo\n"
                           "training: {steps: 399, batch_size: 2, precision: float64}\n"),
                      at::kCPU);
  advance(agents, 199);
  for (const int i : {0, 1}) EXPECT_NE(agents.agent(i).finished(), "") << "else there is nothing to see";
  const at::Tensor own_mean = flat(agents.agent(0).parameters()).clone();
  agents.step(199);
  EXPECT_GT((flat(agents.agent(0).parameters()) - own_mean).norm().item<double>(), 1e-3) << "moved by what it heard";
  for (std::int64_t i = 200; i < 399; ++i) agents.step(i);
  // Losses tell parameters apart down to the root of their precision, 1.5e-8.
  EXPECT_LT((flat(agents.agent(0).parameters()) - own_mean).norm().item<double>(), 1e-7) << "and back by itself";
  EXPECT_EQ(agents.finished(), "");
}

TEST(AgentsConfig, NamesWhatDoesNotFitTogether) {
  const std::string rest = std::string(kRegression) + "training: {steps: 1}\n";
  const auto of = [&](const std::string& agents, const std::string& more = "") {
    return complaint([&] { team(agents, rest + more); });
  };
  EXPECT_EQ(of("{count: 3}"), "");
  EXPECT_NE(of("{count: 3, edges: [[0, 3]]}").find("team.yaml:4:27"), std::string::npos)
      << of("{count: 3, edges: [[0, 3]]}");
  EXPECT_NE(of("{count: 3, graph: ring, edges: [[0, 1]]}").find("contradict"), std::string::npos);
  EXPECT_NE(of("{count: 3, links: {one_way: [[0, 3]]}}").find("team.yaml:4:37"), std::string::npos);
  EXPECT_NE(of("{count: 4, graph: path, links: {one_way: [[0, 2]]}}").find("not linked"), std::string::npos);
  EXPECT_NE(of("{count: 3, links: {one_way: [[0, 1], [1, 0]]}}").find("no link"), std::string::npos);
  EXPECT_NE(of("{count: 3, changes: [{round: 4}, {round: 2}]}").find("ascend"), std::string::npos);
  EXPECT_NE(of("{count: 3, changes: [{round: 4, edges: [[0, 1], [1, 0]]}]}").find("twice"), std::string::npos);
  EXPECT_NE(of("{count: 3, consensus: {type: ramen, dual: both}}").find("per_edge"), std::string::npos);
  EXPECT_NE(of("{count: 3, consensus: {type: dinno, weight_floor: 1}}").find("weight_floor"), std::string::npos);
  EXPECT_NE(of("{count: 3}", "distributed: {timeout: 3}\n").find("by themselves"), std::string::npos);
  EXPECT_NE(of("{count: 3}", "weight_average: {decay: 0.9}\n").find("mean_model"), std::string::npos);
  EXPECT_NE(complaint([&] {
              team("{count: 3}", std::string(kRegression) + "training: {steps: 1, stop_when_converged: true}\n");
            }).find("moved on by what it hears"),
            std::string::npos);
  EXPECT_NE(complaint([&] { agents::Team(team("{count: 65}", rest), at::kCPU); }).find("65 agents cannot divide 64"),
            std::string::npos);
}

TEST(AgentsConfig, ResolvedIsAConfigurationOfItsOwn) {
  const std::string once = digits()->resolved();
  EXPECT_EQ(parse_recipe(config::parse_yaml(once, "resolved"))->resolved(), once);
  EXPECT_NE(once.find("agents:"), std::string::npos);
}

}  // namespace
}  // namespace talweg::tasks
