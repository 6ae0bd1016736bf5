#include "optim/privacy/gradient_privatiser.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "core/io/json_number.h"
#include "core/libtorch.h"
#include "core/metrics/report_section.h"
#include "core/privacy/calibration.h"
#include "core/privacy/epsilon_curve.h"
#include "core/privacy/statement.h"

namespace talweg::optim {

GradientPrivatiser::GradientPrivatiser(const PrivacyOptions& options, const ParameterList& parameters)
    : options_(options), clipping_(make_clipping(options, parameters)) {
  for (const NamedParameter& parameter : parameters) parameters_.push_back(parameter.tensor);
}

privacy::NeighbouringRelation GradientPrivatiser::relation() const {
  return options_.neighbours.value_or(accountant_->default_relation());
}

void GradientPrivatiser::begin_run(const RunPlan& plan, const PerExampleFacet& examples, const UpdateRule& rule) {
  if (plan.clips_gradient)
    throw ConfigError(
        "training.clip_norm clips the mean gradient, which protects nobody; a private optimizer clips the gradient of "
        "every example: set 'optimizer.clip_norm' and leave the other out");
  examples.require_separate_examples();
  dataset_size_ = plan.dataset_size;
  planned_steps_ = plan.steps;
  uses_of_data_ = plan.uses_of_data;
  if (!plan.sampling)
    throw ConfigError(
        "training.sampler: no accountant knows how the task's own sampler draws; use poisson, uniform, shuffle or "
        "sequential");
  mechanism_.sampling = *plan.sampling;
  const bool in_epochs = uses_each_once_per_epoch(mechanism_.sampling);
  mechanism_.sampling_rate =
      in_epochs ? 1 / plan.steps_per_epoch
                : std::min(1.0, static_cast<double>(plan.batch_size) / static_cast<double>(plan.dataset_size));
  mechanism_.clip_norm = options_.clip_norm;
  mechanism_.batch_size = static_cast<double>(plan.batch_size);
  mechanism_.domain = rule.domain;
  // The learning rate matters to the bounds for a bounded domain alone; elsewhere it would split the ledger.
  if (rule.domain) mechanism_.learning_rate = rule.learning_rate;
  mechanism_.plain_sgd =
      rule.plain_sgd && options_.clipping == ClippingRule::flat && !plan.averages_weights && !plan.shows_iterates;
  if (options_.secure && plan.ranks > 1)
    throw ConfigError(
        fmt::format("optimizer.secure: every rank draws the same noise from the run's seed; noise that nobody can draw "
                    "again has no "
                    "seed, and this run has {} ranks. Train on one, or set 'secure: false'",
                    plan.ranks));
  fix_accountant(plan);
  streams_ = plan.streams;
  if (options_.secure)
    noise_ = std::make_unique<SecureNoise>();
  else
    seed_noise();
}

/// The same noise on other gradients would tell the difference of the gradients.
void GradientPrivatiser::seed_noise() {
  std::string purpose =
      fmt::format("privacy noise {} {} {} {} {}", name_of(mechanism_.sampling), dataset_size_,
                  static_cast<std::int64_t>(mechanism_.batch_size), mechanism_.noise_multiplier, options_.clip_norm);
  if (timeline_ > 0) purpose += fmt::format(" timeline {}", timeline_);
  noise_ = std::make_unique<SeededNoise>(streams_, purpose);
}

void GradientPrivatiser::fix_accountant(const RunPlan& plan) {
  const bool in_epochs = uses_each_once_per_epoch(mechanism_.sampling);
  if (options_.accountant != "auto") {
    accountant_ = &privacy::find_accountant(options_.accountant);
    if (const std::string misfit = accountant_->misfit(mechanism_); !misfit.empty())
      throw ConfigError(fmt::format("optimizer.accountant: '{}' {}", accountant_->name, misfit));
    if (accountant_->guarantee == privacy::Guarantee::paper_formula && !in_epochs)
      throw ConfigError(fmt::format(
          "optimizer.accountant: the formula '{}' charges a step b/n of what a use of an example costs, which no "
          "random subset of the data achieves; it is for the samplers shuffle and sequential. For '{}' take '{}'",
          accountant_->name, name_of(mechanism_.sampling), privacy::default_accountant(mechanism_.sampling).name));
    return fix_noise(plan.steps);
  }
  // The least noise for a target, or the least ε for a noise. Bounds for a bounded domain need equal steps.
  std::vector<const privacy::Accountant*> candidates = privacy::automatic_accountants(mechanism_, options_.neighbours);
  if (!plan.keeps_learning_rate) candidates.resize(1);
  struct Choice {
    const privacy::Accountant* accountant;
    privacy::Mechanism mechanism;
    double cost;
  };
  std::optional<Choice> best;
  const privacy::Mechanism without_noise = mechanism_;
  for (const privacy::Accountant* candidate : candidates) {
    accountant_ = candidate;
    mechanism_ = without_noise;
    fix_noise(plan.steps);
    const double cost = options_.target_epsilon ? mechanism_.noise_multiplier
                        : candidates.size() > 1 ? epsilon_after(*candidate, plan.steps)
                                                : 0;
    if (!best || cost < best->cost) best = {candidate, mechanism_, cost};
  }
  accountant_ = best->accountant;
  mechanism_ = best->mechanism;
}

double GradientPrivatiser::epsilon_after(const privacy::Accountant& accountant, std::int64_t steps) const {
  return accountant
      .spent(privacy::Ledger(mechanism_, steps), options_.delta,
             options_.neighbours.value_or(accountant.default_relation()))
      .epsilon;
}

void GradientPrivatiser::fix_noise(std::int64_t steps) {
  if (options_.noise_multiplier) mechanism_.noise_multiplier = *options_.noise_multiplier;
  if (options_.sigma_dp) mechanism_.noise_multiplier = *options_.sigma_dp * mechanism_.batch_size / options_.clip_norm;
  if (options_.target_epsilon)
    mechanism_.noise_multiplier = privacy::calibrate_noise(*accountant_, mechanism_, steps,
                                                           {*options_.target_epsilon, options_.delta, relation()});
  privacy::check(mechanism_);
}

ClippedSum GradientPrivatiser::privatise(PerExampleFacet& examples, double learning_rate) {
  if (!accountant_) throw std::logic_error("a private optimizer was stepped before begin_run()");
  if (mechanism_.domain) mechanism_.learning_rate = learning_rate;
  ledger_.record(mechanism_);
  const std::int64_t step = steps_++;
  ClippedSum sum = examples.clipped_gradient(*clipping_, options_.backend);
  if (!sum.usable) return sum;
  torch::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parameters_) gradients.push_back(parameter.grad());
  const double batch = mechanism_.batch_size;
  if (mechanism_.noise_multiplier == 0) {
    at::_foreach_div_(gradients, batch);
    return sum;
  }
  const std::vector<at::Tensor> noise =
      noise_->draw(gradients, mechanism_.noise_multiplier * mechanism_.clip_norm / batch, step);
  at::_foreach_add_(noise, gradients, 1 / batch);
  for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].mutable_grad() = noise[i];
  return sum;
}

/// Seeded noise repeats itself: the steps that are made again release what was released before, unless they are others.
/// Secure noise does not.
void GradientPrivatiser::count_lost_steps(const LostSteps& lost) {
  const std::int64_t steps = options_.secure ? lost.made : lost.differ ? lost.beyond : 0;
  if (lost.differ && !options_.secure) {
    ++timeline_;
    seed_noise();
  }
  if (steps <= 0) return;
  ledger_.record(ledger_.empty() ? mechanism_ : ledger_.entries().back().mechanism, steps);
  lost_steps_ += steps;
}

/// Poisson samples are told of where they save this factor.
constexpr double kMuchLess = 1.5;

std::string GradientPrivatiser::what_poisson_samples_would_cost() const {
  const bool in_epochs = uses_each_once_per_epoch(mechanism_.sampling);
  if (!in_epochs || mechanism_.noise_multiplier == 0 || dataset_size_ == 0) return "";
  privacy::Mechanism poisson = mechanism_;
  poisson.sampling = Sampling::poisson;
  poisson.sampling_rate = std::min(1.0, mechanism_.batch_size / static_cast<double>(dataset_size_));
  poisson.domain.reset();
  const privacy::Accountant& accountant = privacy::default_accountant(poisson.sampling);
  const auto advice = [&](const char* what, double ours, double theirs) {
    if (!(ours > kMuchLess * theirs)) return std::string();
    return fmt::format(
        "; the sampler '{}' takes {:.1f} times the {} of Poisson samples ({:.4g} instead of {:.4g}, which are for {}): "
        "'training.sampler: poisson'",
        name_of(mechanism_.sampling), ours / theirs, what, ours, theirs, name_of(accountant.default_relation()));
  };
  if (options_.target_epsilon)
    return advice("noise", mechanism_.noise_multiplier,
                  privacy::calibrate_noise(accountant, poisson, planned_steps_,
                                           {*options_.target_epsilon, options_.delta, accountant.default_relation()}));
  return advice("epsilon", epsilon_after(*accountant_, planned_steps_),
                accountant.spent(privacy::Ledger(poisson, planned_steps_), options_.delta).epsilon);
}

std::string GradientPrivatiser::announcement() const {
  std::string line =
      fmt::format("private training: noise multiplier {:.4g}, epsilon {:.4g} after all {} steps at delta {:g} ({}, {})",
                  mechanism_.noise_multiplier, epsilon_after(*accountant_, planned_steps_), planned_steps_,
                  options_.delta, accountant_->name, name_of(relation()));
  line += what_poisson_samples_would_cost();
  if (const std::string warning = privacy::delta_warning(options_.delta, dataset_size_); !warning.empty())
    line += "\ntalweg: " + warning;
  return line;
}

std::vector<plot::Figure> GradientPrivatiser::figures() const {
  constexpr int kPoints = 20;
  plot::Series series;
  series.name = accountant_->name;
  for (const auto& [steps, epsilon] : epsilon_curve(*accountant_, ledger_, options_.delta, relation(), kPoints)) {
    if (!std::isfinite(epsilon)) return {};
    series.x.push_back(static_cast<double>(steps));
    series.y.push_back(epsilon);
  }
  if (series.x.size() < 2) return {};
  plot::Figure figure;
  figure.name = "privacy";
  figure.title = fmt::format("Privacy loss at δ = {:g} ({})", options_.delta, privacy::name_of(relation()));
  figure.x_label = "step";
  figure.y_label = "ε";
  figure.series.push_back(std::move(series));
  return {figure};
}

nlohmann::json GradientPrivatiser::account() const {
  const privacy::PrivacySpent spent = accountant_->spent(ledger_, options_.delta, relation());
  std::string statement = privacy::privacy_statement(*accountant_, ledger_, options_.delta, relation());
  statement += " " + privacy::uses_outside(uses_of_data_);
  if (const std::string warning = privacy::delta_warning(options_.delta, dataset_size_); !warning.empty())
    statement += " " + warning;
  statement += options_.secure
                   ? " The noise came from ChaCha20 with keys of the operating system and cannot be repeated."
                   : " The noise derives from the run's seed: the guarantee holds against those who do not know the "
                     "seed; set 'secure: true' before releasing a model.";
  if (lost_steps_ > 0)
    statement += fmt::format(" {} steps that were undone are counted, as they were not repeated with the same noise.",
                             lost_steps_);
  nlohmann::json account = {{"statement", statement},
                            {"epsilon", io::json_number(spent.epsilon)},
                            {"delta", spent.delta},
                            {"accountant", accountant_->name},
                            {"guarantee", privacy::name_of(spent.guarantee)},
                            {"neighbours", privacy::name_of(spent.relation)},
                            {"sampler", name_of(mechanism_.sampling)},
                            {"sampling_rate", mechanism_.sampling_rate},
                            {"steps", ledger_.steps()},
                            {"noise_multiplier", mechanism_.noise_multiplier},
                            {"sigma_dp", mechanism_.noise_multiplier * mechanism_.clip_norm / mechanism_.batch_size},
                            {"clip_norm", mechanism_.clip_norm}};
  if (spent.at_least) account["epsilon_at_least"] = *spent.at_least;
  if (options_.target_epsilon) account["target_epsilon"] = *options_.target_epsilon;
  account[metrics::kReportMember] = to_json(metrics::ReportSection{"Privacy",
                                                                   "statement",
                                                                   {{"ε", "epsilon"},
                                                                    {"δ", "delta"},
                                                                    {"guarantee", "guarantee"},
                                                                    {"accountant", "accountant"},
                                                                    {"neighbours", "neighbours"},
                                                                    {"sampler", "sampler"},
                                                                    {"noise", "noise_multiplier"},
                                                                    {"steps", "steps"}}});
  return {{"privacy", account}};
}

nlohmann::json GradientPrivatiser::state() const {
  return {
      {"ledger", privacy::to_json(ledger_)}, {"steps", steps_}, {"lost_steps", lost_steps_}, {"timeline", timeline_}};
}

void GradientPrivatiser::load(const nlohmann::json& state) {
  ledger_ = privacy::ledger_from_json(state.at("ledger"));
  steps_ = state.at("steps").get<std::int64_t>();
  lost_steps_ = state.at("lost_steps").get<std::int64_t>();
  timeline_ = state.value("timeline", std::int64_t{0});  // not in states of earlier versions
  if (accountant_ && !options_.secure) seed_noise();
}

}  // namespace talweg::optim
