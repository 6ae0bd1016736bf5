#include "optim/privacy/gradient_privatiser.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/privacy/calibration.h"
#include "core/privacy/statement.h"

namespace talweg::optim {
namespace {

nlohmann::json number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json("inf");
}

}  // namespace

GradientPrivatiser::GradientPrivatiser(const PrivacyOptions& options, const ParameterList& parameters)
    : options_(options), clipping_(make_clipping(options, parameters)) {
  for (const NamedParameter& parameter : parameters) parameters_.push_back(parameter.tensor);
}

privacy::NeighbouringRelation GradientPrivatiser::relation() const {
  return options_.neighbours.value_or(accountant_->default_relation());
}

void GradientPrivatiser::begin_run(const RunPlan& plan, const PerExampleObjective& objective, const UpdateRule& rule) {
  if (plan.clips_gradient)
    throw ConfigError(
        "training.clip_norm clips the mean gradient, which protects nobody; a private optimizer clips the gradient of "
        "every example: set 'optimizer.clip_norm' and leave the other out");
  objective.require_separate_examples();
  dataset_size_ = plan.dataset_size;
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
  mechanism_.plain_sgd = rule.plain_sgd && options_.clipping == ClippingRule::flat && !plan.averages_weights;
  accountant_ = options_.accountant == "auto" ? &privacy::default_accountant(mechanism_.sampling)
                                              : &privacy::find_accountant(options_.accountant);
  if (const std::string misfit = accountant_->misfit(mechanism_); !misfit.empty())
    throw ConfigError(fmt::format("optimizer.accountant: '{}' {}", accountant_->name, misfit));
  if (accountant_->guarantee == privacy::Guarantee::paper_formula && !in_epochs)
    throw ConfigError(fmt::format(
        "optimizer.accountant: the formula '{}' charges a step b/n of what a use of an example costs, which no "
        "random subset of the data achieves; it is for the samplers shuffle and sequential. For '{}' take '{}'",
        accountant_->name, privacy::name_of(mechanism_.sampling),
        privacy::default_accountant(mechanism_.sampling).name));
  if (options_.secure && plan.ranks > 1)
    throw ConfigError(
        fmt::format("optimizer.secure: every rank draws the same noise from the run's seed; noise that nobody can draw "
                    "again has no "
                    "seed, and this run has {} ranks. Train on one, or set 'secure: false'",
                    plan.ranks));
  fix_noise(plan);
  if (options_.secure)
    noise_ = std::make_unique<SecureNoise>();
  else
    noise_ = std::make_unique<SeededNoise>(
        plan.streams, fmt::format("privacy noise {} {} {} {} {}", privacy::name_of(mechanism_.sampling),
                                  plan.dataset_size, plan.batch_size, mechanism_.noise_multiplier, options_.clip_norm));
}

void GradientPrivatiser::fix_noise(const RunPlan& plan) {
  const auto batch = static_cast<double>(plan.batch_size);
  if (options_.noise_multiplier) mechanism_.noise_multiplier = *options_.noise_multiplier;
  if (options_.sigma_dp) mechanism_.noise_multiplier = *options_.sigma_dp * batch / options_.clip_norm;
  if (options_.target_epsilon)
    mechanism_.noise_multiplier = privacy::calibrate_noise(*accountant_, mechanism_, plan.steps,
                                                           {*options_.target_epsilon, options_.delta, relation()});
  privacy::check(mechanism_);
}

ClippedSum GradientPrivatiser::privatise(PerExampleObjective& objective, double learning_rate) {
  if (!accountant_) throw std::logic_error("a private optimizer was stepped before begin_run()");
  if (mechanism_.domain) mechanism_.learning_rate = learning_rate;
  ledger_.record(mechanism_);
  const std::int64_t step = steps_++;
  ClippedSum sum = objective.clipped_gradient(*clipping_, options_.backend);
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

/// Seeded noise repeats itself: the steps that are made again release what was released before. Secure noise does not.
void GradientPrivatiser::count_lost_steps(std::int64_t steps) {
  if (!options_.secure || steps <= 0) return;
  ledger_.record(mechanism_, steps);
  lost_steps_ += steps;
}

/// Noise below this multiplier hides nothing (one use of an example costs ε > 50), and accountants are slow to say so.
constexpr double kMeaninglessNoise = 0.1;

nlohmann::json GradientPrivatiser::account() const {
  if (mechanism_.noise_multiplier < kMeaninglessNoise && !ledger_.empty())
    return {{"privacy",
             {{"statement",
               fmt::format("The noise multiplier {:.4g} is too small for a guarantee worth stating; epsilon is "
                           "reported as infinite, which bounds it from above.",
                           mechanism_.noise_multiplier)},
              {"epsilon", "inf"},
              {"delta", options_.delta},
              {"accountant", accountant_->name},
              {"sampler", privacy::name_of(mechanism_.sampling)},
              {"steps", ledger_.steps()},
              {"noise_multiplier", mechanism_.noise_multiplier},
              {"clip_norm", mechanism_.clip_norm}}}};
  const privacy::PrivacySpent spent = accountant_->spent(ledger_, options_.delta, relation());
  std::string statement = privacy::privacy_statement(*accountant_, ledger_, options_.delta, relation());
  if (options_.delta * static_cast<double>(dataset_size_) >= 1)
    statement += fmt::format(
        " Warning: delta = {:g} is not below one over the number of examples ({}); a mechanism that publishes one "
        "example would satisfy it.",
        options_.delta, dataset_size_);
  statement += options_.secure
                   ? " The noise came from ChaCha20 with keys of the operating system and cannot be repeated."
                   : " The noise derives from the run's seed: the guarantee holds against those who do not know the "
                     "seed; set 'secure: true' before releasing a model.";
  if (lost_steps_ > 0)
    statement +=
        fmt::format(" {} steps that an interruption undid are counted, as their noise was not repeated.", lost_steps_);
  nlohmann::json account = {{"statement", statement},
                            {"epsilon", number(spent.epsilon)},
                            {"delta", spent.delta},
                            {"accountant", accountant_->name},
                            {"guarantee", privacy::name_of(spent.guarantee)},
                            {"neighbours", privacy::name_of(spent.relation)},
                            {"sampler", privacy::name_of(mechanism_.sampling)},
                            {"sampling_rate", mechanism_.sampling_rate},
                            {"steps", ledger_.steps()},
                            {"noise_multiplier", mechanism_.noise_multiplier},
                            {"sigma_dp", mechanism_.noise_multiplier * mechanism_.clip_norm / mechanism_.batch_size},
                            {"clip_norm", mechanism_.clip_norm}};
  if (spent.at_least) account["epsilon_at_least"] = *spent.at_least;
  if (options_.target_epsilon) account["target_epsilon"] = *options_.target_epsilon;
  return {{"privacy", account}};
}

nlohmann::json GradientPrivatiser::state() const {
  return {{"ledger", privacy::to_json(ledger_)}, {"steps", steps_}, {"lost_steps", lost_steps_}};
}

void GradientPrivatiser::load(const nlohmann::json& state) {
  ledger_ = privacy::ledger_from_json(state.at("ledger"));
  steps_ = state.at("steps").get<std::int64_t>();
  lost_steps_ = state.at("lost_steps").get<std::int64_t>();
}

}  // namespace talweg::optim
