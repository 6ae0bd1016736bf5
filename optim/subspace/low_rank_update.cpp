#include "optim/subspace/low_rank_update.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/device/host_read.h"
#include "core/libtorch.h"
#include "core/optimizer/saved_count.h"

namespace talweg::optim {
namespace {

std::vector<ProjectedMatrix> make_matrices(const ParameterList& parameters, const TargetSelection& selection,
                                           const SubspaceOptions& options, bool paired) {
  std::vector<ProjectedMatrix> matrices;
  for (const std::size_t i : selection.projected) matrices.emplace_back(i, parameters[i], options, paired);
  return matrices;
}

RefreshPlan make_plan(const std::vector<ProjectedMatrix>& matrices, const SubspaceOptions& options) {
  std::vector<double> costs;
  for (const ProjectedMatrix& matrix : matrices) costs.push_back(static_cast<double>(matrix.weight().numel()));
  return {costs, options.interval, options.refresh_stagger};
}

}  // namespace

LowRankUpdate::LowRankUpdate(const ParameterList& parameters, const LowRankOptions& options, bool paired)
    : parameters_(parameters),
      options_(options),
      selection_(select_targets(parameters, options.targets, options.subspace.rank)),
      matrices_(make_matrices(parameters, selection_, options.subspace, paired)),
      finder_(options.subspace, paired),
      plan_(make_plan(matrices_, options.subspace)),
      residual_(options.residual, options.residual_scale, options.residual_growth),
      treatments_(treatments(parameters, options.groups, options.weight_decay)),
      kept_(parameters.size(), true) {
  for (const ProjectedMatrix& matrix : matrices_) residual_.add(matrix.weight());
  share_scratch();
  make_rule();
}

/// One buffer of each type, as large as its largest projection.
void LowRankUpdate::share_scratch() {
  std::map<at::ScalarType, std::int64_t> largest;
  for (const ProjectedMatrix& matrix : matrices_) {
    std::int64_t& size = largest[matrix.projected().scalar_type()];
    size = std::max(size, matrix.projected().numel());
  }
  std::map<at::ScalarType, at::Tensor> buffers;
  for (ProjectedMatrix& matrix : matrices_) {
    const at::Tensor& projected = matrix.projected();
    at::Tensor& buffer = buffers[projected.scalar_type()];
    if (!buffer.defined()) buffer = at::zeros({largest[projected.scalar_type()]}, projected.options());
    matrix.set_scratch(buffer.narrow(0, 0, projected.numel()));
  }
}

void LowRankUpdate::make_rule() {
  register_moment_rules();
  rule_ = options_.rule.create();
  rule_index_.assign(parameters_.size(), std::nullopt);
  std::size_t count = 0;
  const auto add = [&](std::size_t i, const at::Tensor& like) {
    if (!kept_[i]) return;
    rule_->add(parameters_[i].name, like);
    rule_index_[i] = count++;
  };
  for (const ProjectedMatrix& matrix : matrices_) add(matrix.parameter(), matrix.projected());
  for (const std::size_t i : selection_.others) add(i, parameters_[i].tensor.detach());
}

void LowRankUpdate::keep_state_of(const std::vector<bool>& kept) {
  kept_ = kept;
  make_rule();
}

SumOfParts LowRankUpdate::sum_of_parts(Objective& objective) const {
  const bool linear =
      residual_.mode() == ResidualMode::none && !options_.norms && options_.subspace.method != BasisMethod::exact_svd;
  if (!linear || !objective.gradients_are_parts()) return {};
  return [&objective](const std::vector<at::Tensor>& tensors) { objective.sum_over_ranks(tensors); };
}

bool LowRankUpdate::refresh_is_due() const {
  for (std::size_t k = 0; k < matrices_.size(); ++k)
    if (is_due(k)) return true;
  return false;
}

void LowRankUpdate::refresh(const std::vector<at::Tensor>& gradients, const SumOfParts& sum) {
  std::map<std::pair<std::vector<std::int64_t>, ProjectedSide>, std::vector<ProjectedMatrix*>> groups;
  for (std::size_t k = 0; k < matrices_.size(); ++k) {
    const at::Tensor& gradient = gradients[matrices_[k].parameter()];
    if (is_due(k) && gradient.defined())
      groups[{gradient.sizes().vec(), matrices_[k].basis().side}].push_back(&matrices_[k]);
  }
  for (const auto& [shape, matrices] : groups) {
    const StepClock::Scope timed(clock_, StepPhase::refresh);
    std::vector<at::Tensor> theirs;
    for (const ProjectedMatrix* matrix : matrices) theirs.push_back(gradients[matrix->parameter()]);
    finder_.find(matrices, theirs, refreshes_, sum);
  }
  take_over_bases();
}

void LowRankUpdate::find_basis(std::size_t k, const at::Tensor& gradient, const SumOfParts& sum) {
  const StepClock::Scope timed(clock_, StepPhase::refresh);
  finder_.find({&matrices_[k]}, {gradient}, refreshes_, sum);
}

void LowRankUpdate::take_over_bases() {
  const StepClock::Scope timed(clock_, StepPhase::refresh);
  torch::NoGradGuard no_grad;
  bool any = false;
  for (ProjectedMatrix& matrix : matrices_) {
    if (!matrix.has_offer()) continue;
    if (const auto index = rule_index_[matrix.parameter()]; index && steps_ > 0)
      rule_->transport(*index, {matrix.overlap(), matrix.basis().side, options_.subspace.moments});
    matrix.take_over();
    any = true;
  }
  if (any) ++refreshes_;
}

void LowRankUpdate::step_matrix(std::size_t k, const at::Tensor& gradient, double learning_rate) {
  ProjectedMatrix& matrix = matrices_[k];
  const std::optional<std::size_t> index = rule_index_[matrix.parameter()];
  // Whether a subspace is renewed depends on the projections: every rank has all of them then.
  const bool needed = index || options_.norms || options_.subspace.refresh_below;
  if (!matrix.is_projected() && needed) {
    const StepClock::Scope timed(clock_, StepPhase::projection);
    matrix.project(gradient);
  }
  matrix.finish_step();
  if (!index) return;
  const ParameterTreatment& treatment = treatments_[matrix.parameter()];
  learning_rate *= treatment.learning_rate_factor;
  const double alpha = options_.subspace.scale, keep = 1 - learning_rate * treatment.weight_decay;
  at::Tensor& negative = matrix.scratch();
  at::Tensor weight = matrix.weight();
  rule_->negative_direction(*index, matrix.projected(), negative);
  if (residual_.mode() == ResidualMode::none)
    return matrix.basis().add_lifted(weight, negative, keep, learning_rate * alpha, options_.subspace.precision);
  negative.mul_(alpha);
  if (keep != 1) weight.mul_(keep);
  residual_.apply(k, matrix.basis(), gradient, matrix.projected(), alpha, learning_rate, weight, negative);
  matrix.basis().add_lifted(weight, negative, 1, learning_rate, options_.subspace.precision);
}

void LowRankUpdate::step_others(const std::vector<at::Tensor>& gradients, double learning_rate) {
  struct Alike {
    ParameterTreatment treatment;
    std::vector<std::size_t> indices;
    std::vector<at::Tensor> parameters, gradients;
  };
  std::vector<Alike> groups;
  for (const std::size_t i : selection_.others) {
    if (!rule_index_[i]) continue;
    auto group =
        std::find_if(groups.begin(), groups.end(), [&](const Alike& g) { return g.treatment == treatments_[i]; });
    if (group == groups.end()) group = groups.insert(groups.end(), {treatments_[i], {}, {}, {}});
    group->indices.push_back(*rule_index_[i]);
    group->parameters.push_back(parameters_[i].tensor);
    group->gradients.push_back(gradients[i]);
  }
  for (const Alike& group : groups)
    rule_->update(group.indices, group.parameters, group.gradients,
                  group.treatment.learning_rate_factor * learning_rate, group.treatment.weight_decay);
}

void LowRankUpdate::apply(const std::vector<at::Tensor>& gradients, double learning_rate, const SumOfParts& sum) {
  torch::NoGradGuard no_grad;
  rule_->advance();
  if (sum) {
    std::vector<at::Tensor> others;
    for (const std::size_t i : selection_.others) others.push_back(gradients[i]);
    sum(others);
    for (ProjectedMatrix& matrix : matrices_) {
      const StepClock::Scope timed(clock_, StepPhase::projection);
      if (!matrix.is_projected()) matrix.project(gradients[matrix.parameter()]);
    }
    sum(projections());
  }
  step_others(gradients, learning_rate);
  for (std::size_t k = 0; k < matrices_.size(); ++k) step_matrix(k, gradients[matrices_[k].parameter()], learning_rate);
  ++steps_;
  note_small_gradients();
  note_norms(gradients);
}

std::vector<at::Tensor> LowRankUpdate::projections() const {
  std::vector<at::Tensor> all;
  for (const ProjectedMatrix& matrix : matrices_) all.push_back(matrix.projected());
  return all;
}

void LowRankUpdate::note_small_gradients() {
  if (!options_.subspace.refresh_below || matrices_.empty()) return;
  const std::vector<double> norms = host_read(at::stack(at::_foreach_norm(projections())));
  for (std::size_t k = 0; k < matrices_.size(); ++k)
    matrices_[k].set_small(norms[k] <= *options_.subspace.refresh_below);
}

void LowRankUpdate::note_norms(const std::vector<at::Tensor>& gradients) {
  if (!options_.norms || matrices_.empty()) return;
  std::vector<at::Tensor> whole;
  for (const std::size_t i : selection_.projected) whole.push_back(gradients[i]);
  const auto squares = [](const std::vector<at::Tensor>& list) {
    return at::stack(at::_foreach_norm(list)).to(at::kDouble).square().sum();
  };
  norms_ = at::stack({squares(projections()), squares(whole)});
}

std::vector<std::pair<std::string, double>> LowRankUpdate::norms() const {
  if (!norms_.defined()) return {};
  const std::vector<double> squares = host_read(norms_);
  return {{"projected_norm", std::sqrt(squares[0])},
          {"residual_share", squares[1] > 0 ? std::max(0.0, 1 - squares[0] / squares[1]) : 0}};
}

std::int64_t LowRankUpdate::state_bytes() const {
  std::int64_t bytes = 0;
  for (const auto& [name, tensor] : state_dict().tensors)
    if (tensor.dim() > 0) bytes += static_cast<std::int64_t>(tensor.nbytes());
  return bytes;
}

nlohmann::json LowRankUpdate::account() const {
  return {{"state_bytes", state_bytes()},
          {"projected", matrices_.size()},
          {"refreshes", refreshes_},
          {"parameters", selection_.summary}};
}

OptimizerState LowRankUpdate::state_dict() const {
  OptimizerState state;
  nlohmann::json small = nlohmann::json::array(), fresh = nlohmann::json::array();
  for (std::size_t k = 0; k < matrices_.size(); ++k) {
    const ProjectedMatrix& matrix = matrices_[k];
    const Basis& basis = matrix.basis();
    if (basis.left.defined()) state.tensors.emplace_back("left_basis/" + matrix.name(), basis.left);
    if (basis.right.defined()) state.tensors.emplace_back("right_basis/" + matrix.name(), basis.right);
    if (residual_.mode() == ResidualMode::fira && rule_index_[matrix.parameter()])
      state.tensors.emplace_back("residual_norm/" + matrix.name(), residual_.last_norms()[k]);
    if (matrix.is_small()) small.push_back(k);
    if (matrix.is_fresh()) fresh.push_back(k);
  }
  rule_->save(state);
  state.values["refreshes"] = refreshes_;
  state.values["steps"] = steps_;
  state.values["small"] = small;
  state.values["fresh"] = fresh;
  return state;
}

void LowRankUpdate::load_state_dict(const OptimizerState& state) {
  torch::NoGradGuard no_grad;
  for (std::size_t k = 0; k < matrices_.size(); ++k) {
    const auto read = [&](const std::string& key, at::Tensor tensor) {
      if (tensor.defined()) tensor.copy_(state.require(key + matrices_[k].name(), tensor));
    };
    read("left_basis/", matrices_[k].basis().left);
    read("right_basis/", matrices_[k].basis().right);
    if (residual_.mode() == ResidualMode::fira) read("residual_norm/", residual_.last_norms()[k]);
  }
  rule_->load(state);
  steps_ = saved_steps(state);
  refreshes_ = saved_count(state, "refreshes");
  std::vector<bool> small(matrices_.size()), fresh(matrices_.size());
  for (const nlohmann::json& k : state.values.at("small")) small.at(k.get<std::size_t>()) = true;
  for (const nlohmann::json& k : state.values.at("fresh")) fresh.at(k.get<std::size_t>()) = true;
  for (std::size_t k = 0; k < matrices_.size(); ++k) matrices_[k].restore(small[k], fresh[k]);
}

}  // namespace talweg::optim
