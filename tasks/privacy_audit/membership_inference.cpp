#include "tasks/privacy_audit/membership_inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/config/converter.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "tasks/privacy_audit/epsilon_estimates.h"

namespace talweg::tasks {
namespace {

double accuracy(const Answers& answers) {
  return answers.logits.argmax(1).eq(answers.targets).to(at::kDouble).mean().item<double>();
}

/// Logits are compared between models, so that only their differences count.
at::Tensor centred(const at::Tensor& logits) {
  return logits - logits.mean(1, true);
}

}  // namespace

void declare(config::Fields& f, MembershipInferenceOptions& o) {
  f("data", o.data, "the labelled examples of the target and the shadow models");
  f("model", o.model, "the model that is attacked; shadow models have the same shape");
  f("target", o.target, "how target and shadow models are trained");
  f("attack", o.attack, "how the attack is learnt from the answers of the shadow models");
  f("members", o.members, "training examples of each model", config::at_least(10));
  f("shadows", o.shadows, "shadow models that the attack learns from", config::at_least(1));
  f("attack_hidden", o.attack_hidden, "width of the attack's perceptrons", config::at_least(1));
  f("evaluation_share", o.evaluation_share,
    "share of the data kept as examples that no model saw, when the data has no such part", config::above(0),
    config::below(1));
  f("delta", o.delta, "delta of the estimated epsilon", config::at_least(0), config::below(1));
  f("confidence", o.confidence, "of the interval of the estimated epsilon", config::above(0), config::below(1));
}

MembershipInference::MembershipInference(const MembershipInferenceOptions& options, const StudyContext& context)
    : options_(options), context_{context.device, at::kFloat, context.streams} {
  ClassificationData source = options_.data.create(context.streams);
  files_ = source.files;
  if (source.evaluation.size() == 0)
    std::tie(source.training, source.evaluation) =
        data::stratified_split(source.training, options_.evaluation_share, context.streams);
  const std::int64_t members = options_.members, rest = source.training.size() - members;
  if (rest < 2 * members)
    throw ConfigError(
        fmt::format("study.members: {} members need {} training examples (as many again in and out of every shadow "
                    "model), the data has {}",
                    members, 3 * members, source.training.size()));
  const std::vector<std::int64_t> order =
      random_permutation(source.training.size(), context.streams.generator("membership"));
  in_.emplace_back(order.begin(), order.begin() + members);
  out_.emplace_back();
  for (std::int64_t shadow = 0; shadow < options_.shadows; ++shadow) {
    std::vector<std::int64_t> chosen =
        random_permutation(rest, context.streams.generator("shadow members", static_cast<std::uint64_t>(shadow)));
    for (std::int64_t& i : chosen) i = order[static_cast<std::size_t>(members + i)];
    in_.emplace_back(chosen.begin(), chosen.begin() + members);
    out_.emplace_back(chosen.begin() + members, chosen.begin() + 2 * members);
  }
  data_ = std::move(source.training);
  unseen_ = std::move(source.evaluation);
  steps_of_model_ = fit_steps(options_.target, members);
  steps_of_attack_ = fit_steps(options_.attack, 2 * members * options_.shadows);
  std::int64_t parameters = 0;
  for (const at::Tensor& parameter : make_model(options_.model, data_, context_of(0))->parameters())
    parameters += parameter.numel();
  const std::int64_t classes = data_.classes(), hidden = options_.attack_hidden;
  work_of_model_step_ = static_cast<double>(options_.target.batch_size * parameters);
  work_of_attack_step_ =
      static_cast<double>(options_.attack.batch_size * classes * (hidden * (classes + 1) + 2 * (hidden + 1)));
}

data::LabelledData MembershipInference::outside(std::int64_t model) const {
  return model == 0 ? unseen_ : data_.select(out_[static_cast<std::size_t>(model)]);
}

TaskContext MembershipInference::context_of(std::int64_t model) const {
  TaskContext own = context_;
  own.streams =
      RandomStreams(context_.streams.seed_of(model == 0 ? "target" : "shadow", static_cast<std::uint64_t>(model)));
  return own;
}

std::int64_t MembershipInference::steps() const {
  return (1 + options_.shadows) * steps_of_model_ + steps_of_attack_;
}

double MembershipInference::work_until(std::int64_t steps) const {
  const std::int64_t of_models = std::min(steps, (1 + options_.shadows) * steps_of_model_);
  return static_cast<double>(of_models) * work_of_model_step_ +
         static_cast<double>(steps - of_models) * work_of_attack_step_;
}

void MembershipInference::step(std::int64_t index) {
  const std::int64_t model = index / steps_of_model_, of_model = index % steps_of_model_;
  if (model > options_.shadows) {
    if (!attack_) begin_attack();
    attack_->fit().step(index - (1 + options_.shadows) * steps_of_model_);
    return;
  }
  if (of_model == 0) begin_model(model);
  model_->fit().step(of_model);
  if (of_model + 1 == steps_of_model_) end_model(model);
}

void MembershipInference::begin_model(std::int64_t index) {
  model_ = std::make_unique<ModelTraining>(options_.model, inside(index), options_.target, context_of(index));
}

void MembershipInference::end_model(std::int64_t index) {
  if (index == 0) {
    const nlohmann::json account = model_->fit().account();
    if (account.is_object() && account.at("privacy").at("epsilon").is_number())
      certified_ = account.at("privacy").at("epsilon").get<double>();
  }
  model_->model().eval();
  to_in_.push_back(query(model_->model(), inside(index)));
  to_out_.push_back(query(model_->model(), outside(index)));
  model_.reset();
}

void MembershipInference::begin_attack() {
  attack_ = std::make_unique<MembershipAttack>(std::vector<Answers>(to_in_.begin() + 1, to_in_.end()),
                                               std::vector<Answers>(to_out_.begin() + 1, to_out_.end()),
                                               options_.attack_hidden, options_.attack, context_);
}

Answers MembershipInference::query(models::TensorModel& model, const data::LabelledData& data) const {
  constexpr std::int64_t block = 1000;
  torch::NoGradGuard no_grad;
  std::vector<at::Tensor> logits;
  for (std::int64_t begin = 0; begin < data.size(); begin += block)
    logits.push_back(model.forward(data.inputs.slice(0, begin, begin + block).to(context_.device, context_.dtype)));
  return {centred(at::cat(logits)), data.targets.to(context_.device)};
}

Metrics MembershipInference::evaluate() {
  Metrics metrics;
  if (certified_) metrics.emplace_back("epsilon_certified", *certified_);
  if (to_in_.empty()) return metrics;
  metrics.emplace_back("member_accuracy", accuracy(to_in_.front()));
  metrics.emplace_back("non_member_accuracy", accuracy(to_out_.front()));
  if (attack_) add_attack_metrics(metrics);
  return metrics;
}

void MembershipInference::add_attack_metrics(Metrics& metrics) const {
  const at::Tensor inside = attack_->scores(to_in_.front()), outside = attack_->scores(to_out_.front());
  const std::int64_t missed = (inside <= 0).sum().item<std::int64_t>(),
                     false_alarms = (outside > 0).sum().item<std::int64_t>();
  const AttackEstimate estimate =
      estimate_attack(false_alarms, outside.size(0), missed, inside.size(0), options_.delta, options_.confidence);
  metrics.insert(metrics.end(),
                 {{"false_positive_rate", static_cast<double>(false_alarms) / static_cast<double>(outside.size(0))},
                  {"false_negative_rate", static_cast<double>(missed) / static_cast<double>(inside.size(0))},
                  {"epsilon_at_least", estimate.at_least},
                  {"epsilon_at_most_of_this_attack", estimate.at_most},
                  {"epsilon_estimate", estimate.epsilon},
                  {"loss", attack_->loss()}});
}

std::vector<plot::Figure> MembershipInference::figures() {
  if (!attack_) return {};
  plot::Figure figure;
  figure.name = "attack_roc";
  figure.title = "Attack on the target model";
  figure.x_label = "false positive rate";
  figure.y_label = "true positive rate";
  figure.caption = "Members found against non-members accused, over all thresholds; the dashed line is guessing.";
  plot::Series curve{"attack", {}, {}, plot::SeriesStyle::line, -1};
  const at::Tensor inside = std::get<0>(attack_->scores(to_in_.front()).sort()),
                   outside = std::get<0>(attack_->scores(to_out_.front()).sort());
  constexpr int points = 200;
  for (int i = 0; i <= points; ++i) {
    const std::int64_t rank = std::min(outside.size(0) - 1, outside.size(0) * i / points);
    const at::Tensor threshold = outside[rank];
    curve.x.push_back((outside >= threshold).to(at::kDouble).mean().item<double>());
    curve.y.push_back((inside >= threshold).to(at::kDouble).mean().item<double>());
  }
  figure.series = {curve, {"guessing", {0, 1}, {0, 1}, plot::SeriesStyle::dashed, -1}};
  return {figure};
}

checkpoint::State MembershipInference::state() const {
  checkpoint::State state;
  for (std::size_t i = 0; i < to_in_.size(); ++i) {
    state.add(fmt::format("logits_in_{}", i), to_in_[i].logits);
    state.add(fmt::format("logits_out_{}", i), to_out_[i].logits);
  }
  if (certified_) state.values["certified"] = *certified_;
  if (model_) state.add("model", model_->fit().state());
  if (attack_) state.add("attack", attack_->fit().state());
  return state;
}

void MembershipInference::load(const checkpoint::State& state, std::int64_t steps) {
  to_in_.clear();
  to_out_.clear();
  const std::int64_t models = std::min(steps / steps_of_model_, 1 + options_.shadows);
  for (std::int64_t i = 0; i < models; ++i) {
    to_in_.push_back(
        {state.require(fmt::format("logits_in_{}", i)).to(context_.device), inside(i).targets.to(context_.device)});
    to_out_.push_back(
        {state.require(fmt::format("logits_out_{}", i)).to(context_.device), outside(i).targets.to(context_.device)});
  }
  certified_.reset();
  if (state.values.contains("certified")) certified_ = state.values.at("certified").get<double>();
  if (models <= options_.shadows && steps % steps_of_model_ > 0) {
    begin_model(models);
    model_->fit().load(state.part("model"));
  }
  if (models > options_.shadows && steps > models * steps_of_model_) {
    begin_attack();
    attack_->fit().load(state.part("attack"));
  }
}

}  // namespace talweg::tasks
