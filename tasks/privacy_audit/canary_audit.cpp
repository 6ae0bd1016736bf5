#include "tasks/privacy_audit/canary_audit.h"

#include <algorithm>

#include "core/libtorch.h"
#include "tasks/privacy_audit/epsilon_estimates.h"

namespace talweg::tasks {

void declare(config::Fields& f, CanaryAuditOptions& o) {
  f("canaries", o.canaries, "m: number of canaries, half of which are in the data", config::at_least(2));
  f("length", o.length,
    "ell: twice the norm of a canary's gradient at the start; well above clip_norm it does not matter",
    config::above(0));
  f("guesses", o.guesses, "how many canaries the auditor commits itself on, half as members", config::at_least(2));
  f("delta", o.delta, "delta of the audited guarantee", config::at_least(0), config::below(1));
  f("confidence", o.confidence, "probability that the lower bound holds", config::above(0), config::below(1));
}

void validate(const CanaryAuditOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.guesses > o.canaries) diagnostics.error(where.where, "there are more 'guesses' than 'canaries'");
}

CanaryAudit::CanaryAudit(const CanaryAuditOptions& options, const TaskContext& context) : options_(options) {
  RandomGenerator coins = context.streams.generator("canary coins");
  members_ = at::empty({options.canaries}, at::kBool);
  for (std::int64_t i = 0; i < options.canaries; ++i) members_.mutable_data_ptr<bool>()[i] = coins.below(2) == 1;
  training_ = std::make_unique<data::TensorDataset>(
      std::vector<at::Tensor>{at::arange(options.canaries, at::kLong).to(context.device),
                              (members_.to(context.dtype) * options.length).to(context.device)});
  point_ = module_.register_parameter(
      "point", at::zeros({options.canaries, 1}, at::TensorOptions(context.device).dtype(context.dtype)));
}

at::Tensor CanaryAudit::example_losses(const data::Batch& batch) {
  return batch.tensors[1] * at::softplus(-at::embedding(point_, batch.tensors[0]).squeeze(1));
}

Metrics CanaryAudit::evaluate() {
  const at::Tensor order = point_.detach().flatten().cpu().argsort();
  const at::Tensor sorted = members_.index_select(0, order);
  const std::int64_t half = options_.guesses / 2;
  const std::int64_t correct = sorted.slice(0, options_.canaries - half).sum().item<std::int64_t>() + half -
                               sorted.slice(0, 0, half).sum().item<std::int64_t>();
  const double refuted =
      epsilon_refuted_by_one_run(options_.canaries, 2 * half, correct, options_.delta, options_.confidence);
  return {{"correct", static_cast<double>(correct) / static_cast<double>(2 * half)},
          {"epsilon_at_least", refuted},
          {"loss", loss(training_->all()).item<double>()}};
}

std::vector<plot::Figure> CanaryAudit::figures() {
  const at::Tensor scores = point_.detach().flatten().cpu().to(at::kDouble);
  plot::Figure figure;
  figure.name = "canary_scores";
  figure.title = "What the auditor sees";
  figure.x_label = "coordinate of the canary after training";
  figure.y_label = "share of canaries below";
  figure.caption =
      "Distribution of the coordinates of canaries in and out of the data: the further apart, the less private.";
  for (const bool member : {true, false}) {
    const at::Tensor values = std::get<0>(scores.masked_select(members_.eq(member)).sort());
    plot::Series series;
    series.name = member ? "in the data" : "not in the data";
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      series.x.push_back(values[i].item<double>());
      series.y.push_back(static_cast<double>(i + 1) / static_cast<double>(values.numel()));
    }
    figure.series.push_back(series);
  }
  return {figure};
}

}  // namespace talweg::tasks
