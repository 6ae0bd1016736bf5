#include "tasks/privacy_audit/membership_inference.h"

#include <fmt/format.h>

#include <numeric>

#include "core/config/converter.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "tasks/privacy_audit/epsilon_estimates.h"

namespace talweg::tasks {
namespace {

/// A model that is trained on labelled examples in memory.
class LabelledTask : public Task, public PerExampleLosses {
 public:
  LabelledTask(std::shared_ptr<models::TensorModel> model, const data::LabelledData& data, const TaskContext& context)
      : model_(std::move(model)),
        training_({data.inputs.to(context.device, context.dtype), data.targets.to(context.device)}) {}
  torch::nn::Module& module() override { return *model_; }
  const data::Dataset& training_data() const override { return training_; }
  at::Tensor loss(const data::Batch& batch) override { return example_losses(batch).mean(); }
  at::Tensor example_losses(const data::Batch& batch) override {
    return at::cross_entropy_loss(model_->forward(batch.tensors[0]), batch.tensors[1], {}, at::Reduction::None);
  }
  Metrics evaluate() override { return {}; }

 private:
  std::shared_ptr<models::TensorModel> model_;
  data::TensorDataset training_;
};

double accuracy(const at::Tensor& logits, const at::Tensor& targets) {
  return logits.argmax(1).eq(targets).to(at::kDouble).mean().item<double>();
}

/// Logits are compared between models, so that only their differences count.
at::Tensor centred(const at::Tensor& logits) {
  return logits - logits.mean(1, true);
}

}  // namespace

/// One perceptron per class c, K → hidden → 2, all evaluated at once.
struct MembershipInference::Attack : torch::nn::Module {
  Attack(std::int64_t classes, std::int64_t hidden, const at::TensorOptions& options) {
    const auto uniform = [&](std::initializer_list<std::int64_t> shape, std::int64_t fan_in) {
      const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
      return at::empty(shape, at::kDouble).uniform_(-bound, bound).to(options);
    };
    first = register_parameter("first", uniform({classes, classes, hidden}, classes));
    first_bias = register_parameter("first_bias", uniform({classes, 1, hidden}, classes));
    second = register_parameter("second", uniform({classes, hidden, 2}, hidden));
    second_bias = register_parameter("second_bias", uniform({classes, 1, 2}, hidden));
  }
  /// [n, 2]: out, in.
  at::Tensor forward(const at::Tensor& logits, const at::Tensor& targets) {
    const at::Tensor hidden = at::relu(at::matmul(logits.unsqueeze(0), first) + first_bias);
    const at::Tensor all = (at::matmul(hidden, second) + second_bias).transpose(0, 1);  // [n, classes, 2]
    return all.gather(1, targets.view({-1, 1, 1}).expand({-1, 1, 2})).squeeze(1);
  }
  at::Tensor first, first_bias, second, second_bias;
};

void declare(config::Fields& f, MembershipInferenceOptions& o) {
  f("data", o.data, "the labelled examples of the target and the shadow models");
  f("model", o.model, "the model that is attacked; shadow models have the same shape");
  f("target", o.target, "how target and shadow models are trained");
  f("members", o.members, "training examples of each model", config::at_least(10));
  f("shadows", o.shadows, "shadow models that the attack learns from", config::at_least(1));
  f("attack_hidden", o.attack_hidden, "width of the attack's perceptrons", config::at_least(1));
  f("evaluation_share", o.evaluation_share,
    "share of the data kept as examples that no model saw, when the data has no such part", config::above(0),
    config::below(1));
  f("delta", o.delta, "delta of the estimated epsilon", config::at_least(0), config::below(1));
  f("confidence", o.confidence, "of the interval of the estimated epsilon", config::above(0), config::below(1));
}

MembershipInference::MembershipInference(const MembershipInferenceOptions& options, const TaskContext& context)
    : options_(options) {
  ClassificationData source = options_.data.create(context.streams);
  if (source.evaluation.size() == 0)
    std::tie(source.training, source.evaluation) =
        data::stratified_split(source.training, options_.evaluation_share, context.streams);
  const std::int64_t members = options_.members, rest = source.training.size() - members;
  if (rest < 2 * members)
    throw ConfigError(
        fmt::format("task.members: {} members need {} training examples (as many again in and out of every shadow "
                    "model), the data has {}",
                    members, 3 * members, source.training.size()));
  const std::vector<std::int64_t> order =
      random_permutation(source.training.size(), context.streams.generator("membership"));
  const auto part = [&](const std::vector<std::int64_t>& indices, std::int64_t begin) {
    return source.training.select({indices.begin() + begin, indices.begin() + begin + members});
  };

  const data::LabelledData seen = part(order, 0);
  nlohmann::json account;
  const auto target = train(seen, context, "target", 0, &account);
  if (account.is_object() && account.at("privacy").at("epsilon").is_number())
    certified_ = account.at("privacy").at("epsilon").get<double>();
  members_ = query(*target, seen, context);
  others_ = query(*target, source.evaluation, context);

  std::vector<at::Tensor> logits, targets, labels;
  for (std::int64_t shadow = 0; shadow < options_.shadows; ++shadow) {
    const auto index = static_cast<std::uint64_t>(shadow);
    std::vector<std::int64_t> chosen = random_permutation(rest, context.streams.generator("shadow members", index));
    for (std::int64_t& i : chosen) i = order[static_cast<std::size_t>(members + i)];
    const data::LabelledData in = part(chosen, 0), out = part(chosen, members);
    const auto model = train(in, context, "shadow", index + 1, nullptr);
    for (const auto& [data, label] : {std::pair{&in, 1}, std::pair{&out, 0}}) {
      const Examples answered = query(*model, *data, context);
      logits.push_back(answered.logits);
      targets.push_back(answered.targets);
      labels.push_back(at::full_like(answered.targets, label));
    }
  }
  training_ = std::make_unique<data::TensorDataset>(
      std::vector<at::Tensor>{at::cat(logits), at::cat(targets), at::cat(labels)});
  torch::manual_seed(context.streams.seed_of("attack initialisation"));
  attack_ = std::make_shared<Attack>(source.training.classes(), options_.attack_hidden,
                                     at::TensorOptions(context.device).dtype(context.dtype));
}

torch::nn::Module& MembershipInference::module() {
  return *attack_;
}

std::shared_ptr<models::TensorModel> MembershipInference::train(const data::LabelledData& data,
                                                                const TaskContext& context, std::string_view name,
                                                                std::uint64_t index, nlohmann::json* account) {
  TaskContext own = context;
  own.streams = RandomStreams(context.streams.seed_of(name, index));
  torch::manual_seed(own.streams.seed_of("initialisation"));
  models::TensorModelShape shape;
  shape.input = data.inputs.sizes().slice(1).vec();
  shape.outputs = data.classes();
  std::shared_ptr<models::TensorModel> model = options_.model.create(shape);
  model->to(context.device, context.dtype);
  LabelledTask task(model, data, own);
  const torch::AutoGradMode with_graph(true);
  nlohmann::json stated = fit(task, options_.target, own);
  if (account) *account = std::move(stated);
  model->eval();
  return model;
}

MembershipInference::Examples MembershipInference::query(models::TensorModel& model, const data::LabelledData& data,
                                                         const TaskContext& context) const {
  constexpr std::int64_t block = 1000;
  torch::NoGradGuard no_grad;
  std::vector<at::Tensor> logits;
  for (std::int64_t begin = 0; begin < data.size(); begin += block)
    logits.push_back(model.forward(data.inputs.slice(0, begin, begin + block).to(context.device, context.dtype)));
  return {centred(at::cat(logits)), data.targets.to(context.device)};
}

at::Tensor MembershipInference::loss(const data::Batch& batch) {
  return at::cross_entropy_loss(attack_->forward(batch.tensors[0], batch.tensors[1]), batch.tensors[2]);
}

at::Tensor MembershipInference::scores(const Examples& examples) {
  const at::Tensor answers = attack_->forward(examples.logits, examples.targets);
  return answers.select(1, 1) - answers.select(1, 0);
}

Metrics MembershipInference::evaluate() {
  const at::Tensor inside = scores(members_), outside = scores(others_);
  const std::int64_t missed = (inside <= 0).sum().item<std::int64_t>(),
                     false_alarms = (outside > 0).sum().item<std::int64_t>();
  const AttackEstimate estimate =
      estimate_attack(false_alarms, outside.size(0), missed, inside.size(0), options_.delta, options_.confidence);
  Metrics metrics = {
      {"loss", loss(training_->all()).item<double>()},
      {"member_accuracy", accuracy(members_.logits, members_.targets)},
      {"non_member_accuracy", accuracy(others_.logits, others_.targets)},
      {"false_positive_rate", static_cast<double>(false_alarms) / static_cast<double>(outside.size(0))},
      {"false_negative_rate", static_cast<double>(missed) / static_cast<double>(inside.size(0))},
      {"epsilon_at_least", estimate.at_least},
      {"epsilon_at_most_of_this_attack", estimate.at_most},
      {"epsilon_estimate", estimate.epsilon},
  };
  if (certified_) metrics.insert(metrics.begin(), {"epsilon_certified", *certified_});
  return metrics;
}

std::vector<plot::Figure> MembershipInference::figures() {
  plot::Figure figure;
  figure.name = "attack_roc";
  figure.title = "Attack on the target model";
  figure.x_label = "false positive rate";
  figure.y_label = "true positive rate";
  figure.caption = "Members found against non-members accused, over all thresholds; the dashed line is guessing.";
  plot::Series curve{"attack", {}, {}, plot::SeriesStyle::line, -1};
  const at::Tensor inside = std::get<0>(scores(members_).sort()), outside = std::get<0>(scores(others_).sort());
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

}  // namespace talweg::tasks
