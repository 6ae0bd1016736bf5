#include "optim/lorenza.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/optimizer/saved_count.h"
#include "optim/ascent/sharpness_aware.h"
#include "optim/subspace/layerwise.h"

namespace talweg::optim {

std::vector<std::pair<std::string, ProbeBasis>> choices(ProbeBasis) {
  return {{"paired", ProbeBasis::paired}, {"symmetric", ProbeBasis::symmetric}, {"projected", ProbeBasis::projected}};
}

std::vector<std::pair<std::string, RefreshFrom>> choices(RefreshFrom) {
  return {{"fresh", RefreshFrom::fresh}, {"previous", RefreshFrom::previous}};
}

void declare(config::Fields& f, LorenzaAscentOptions& o) {
  declare(f, o.zeroth_order);
  f("basis", o.basis,
    "of the probes: paired, Q diag(u) R; symmetric, Q diag(u) Qt, for square matrices; projected, Q Z with Gaussian Z");
}

void declare(config::Fields& f, LorenzaOptions& o) {
  declare(f, o.low_rank);
  f("refresh_from", o.refresh_from,
    "the gradient new subspaces come from: fresh, an extra backward pass at the unperturbed weights, or previous, the "
    "last step's");
  f("ascent", o.ascent, "the perturbation at which the gradient is taken");
}

void validate(const LorenzaOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  validate(o.low_rank, where, diagnostics);
  if (o.low_rank.per_layer && o.refresh_from == RefreshFrom::previous)
    diagnostics.error(where.at("refresh_from"),
                      "'refresh_from: previous' needs the gradients of the step after it; 'per_layer' lets go of them. "
                      "Use 'fresh', with 'subspace.refresh_stagger'");
}

namespace {

std::unique_ptr<ProbeDirections> make_directions(const LowRankUpdate& update, const ParameterList& parameters,
                                                 ProbeBasis kind) {
  const auto basis = [&update](std::size_t k) -> const Basis& { return update.matrices()[k].basis(); };
  if (kind == ProbeBasis::projected) return std::make_unique<ProjectedDirections>(basis);
  std::vector<DiagonalDirections::Pair> pairs;
  for (std::size_t k = 0; k < update.matrices().size(); ++k) {
    const auto& [name, matrix] = parameters[update.matrices()[k].parameter()];
    if (kind == ProbeBasis::symmetric && matrix.size(0) != matrix.size(1))
      throw ConfigError(fmt::format(
          "ascent.basis: 'symmetric' probes Q diag(u) Qt have the shape of square matrices; '{}' is {} by {}. Use "
          "'paired', or choose other 'targets'",
          name, matrix.size(0), matrix.size(1)));
    if (kind == ProbeBasis::symmetric)
      pairs.push_back([basis, k] { return std::pair(basis(k).projector(), basis(k).projector()); });
    else
      pairs.push_back([basis, k] { return std::pair(basis(k).left, basis(k).right); });
  }
  return std::make_unique<DiagonalDirections>(std::move(pairs));
}

std::vector<at::Tensor> projected_tensors(const LowRankUpdate& update) {
  std::vector<at::Tensor> tensors;
  for (const ProjectedMatrix& matrix : update.matrices()) tensors.push_back(matrix.weight());
  return tensors;
}

bool needs_pairs(const LorenzaOptions& options) {
  return options.ascent.basis == ProbeBasis::paired && options.ascent.zeroth_order.rho > 0;
}

}  // namespace

Lorenza::Lorenza(ParameterList parameters, const LorenzaOptions& options)
    : Optimizer(std::move(parameters), options.low_rank.learning_rate),
      options_(options),
      update_(named_parameters(), options.low_rank, needs_pairs(options)) {
  std::vector<at::Tensor> probed;
  std::unique_ptr<ProbeDirections> directions =
      std::make_unique<DiagonalDirections>(std::vector<DiagonalDirections::Pair>{});
  if (options.ascent.zeroth_order.rho > 0) {
    probed = projected_tensors(update_);
    directions = make_directions(update_, named_parameters(), options.ascent.basis);
  }
  ascent_ = std::make_unique<ZerothOrderAscent>(std::move(probed), std::move(directions), options.ascent.zeroth_order);
}

void Lorenza::begin_run(const RunPlan& plan, Objective&) {
  update_.set_streams(plan.streams);
  update_.set_clock(plan.clock);
  ascent_->set_streams(plan.streams);
}

nlohmann::json Lorenza::account() const {
  return {{"subspace", update_.account()}, {"ascent", {{"failed_probes", ascent_->failures()}}}};
}

StepReport Lorenza::step(Objective& objective) {
  const bool per_layer = options_.low_rank.per_layer;
  StepReport report{.loss = {}, .step_size = learning_rate(), .scalars = {}};
  const SumOfParts sum = update_.sum_of_parts(objective);
  LayerwiseGradients layers(update_, tensors().size(), sum);
  const auto at_once = [&] { return sum ? objective.partial_gradient() : objective.gradient(); };
  const auto gradient = [&] { return per_layer ? layers.for_step(objective) : at_once(); };
  Evaluation evaluation;
  last_ascent_ = {};
  if (options_.ascent.zeroth_order.rho == 0) {
    evaluation = gradient();
    ++report.forwards;
    ++report.backwards;
    if (evaluation.usable && !per_layer) update_.refresh(gradients(), sum);
  } else {
    if (update_.refresh_is_due()) {
      evaluation = per_layer ? layers.for_bases(objective) : at_once();
      ++report.forwards;
      ++report.backwards;
      if (evaluation.usable && !per_layer) update_.refresh(gradients(), sum);
    }
    if (evaluation.usable) evaluation = perturbed(objective, *ascent_, update_.steps(), last_ascent_, gradient);
    report.forwards += last_ascent_.forwards;
    report.backwards += last_ascent_.backwards;
  }
  report.loss = last_ascent_.loss.value_or(evaluation.value);
  add_ascent_scalars(last_ascent_, ascent_->failures(), report);
  if (!evaluation.usable) return report.skipped();
  const std::vector<at::Tensor>& used = per_layer ? layers.kept() : gradients();
  update_.apply(used, learning_rate(), sum);
  if (options_.refresh_from == RefreshFrom::previous) update_.refresh(used, sum);
  for (auto& scalar : update_.norms()) report.scalars.push_back(std::move(scalar));
  return report;
}

OptimizerState Lorenza::state_dict() const {
  OptimizerState state = update_.state_dict();
  state.values["failed_probes"] = ascent_->failures();
  return state;
}

void Lorenza::load_state_dict(const OptimizerState& state) {
  update_.load_state_dict(state);
  ascent_->set_failures(saved_count(state, "failed_probes"));
}

}  // namespace talweg::optim
