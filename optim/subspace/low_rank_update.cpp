#include "optim/subspace/low_rank_update.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/device/host_read.h"
#include "core/libtorch.h"
#include "core/linalg/range_finder.h"
#include "core/optimizer/saved_count.h"
#include "core/random/seeded_normals.h"

namespace talweg::optim {
namespace {

ProjectedSide side_of(const at::Tensor& matrix, SideRule rule) {
  const bool wide = matrix.size(0) < matrix.size(1);
  switch (rule) {
    case SideRule::left:
      return ProjectedSide::left;
    case SideRule::right:
      return ProjectedSide::right;
    case SideRule::longer:
      return wide ? ProjectedSide::right : ProjectedSide::left;
    case SideRule::shorter:
      break;
  }
  return wide ? ProjectedSide::left : ProjectedSide::right;
}

bool is_left(const Basis& basis) {
  return basis.side == ProjectedSide::left;
}

}  // namespace

LowRankUpdate::LowRankUpdate(const ParameterList& parameters, const LowRankOptions& options, bool paired)
    : parameters_(parameters),
      options_(options),
      paired_(paired),
      selection_(select_targets(parameters, options.targets, options.subspace.rank)),
      kept_(parameters.size(), true),
      residual_(options.residual, options.residual_scale, options.residual_growth) {
  std::vector<double> costs;
  std::int64_t largest = 0;
  for (const std::size_t i : selection_.projected) {
    const at::Tensor& matrix = parameters_[i].tensor;
    const at::TensorOptions like = matrix.options().requires_grad(false);
    const std::int64_t rows = matrix.size(0), columns = matrix.size(1);
    const std::int64_t rank = std::min({options_.subspace.rank, rows, columns});
    Basis basis;
    basis.side = side_of(matrix, options_.subspace.side);
    if (paired_ || is_left(basis)) basis.left = at::zeros({rows, rank}, like);
    if (paired_ || !is_left(basis)) basis.right = at::zeros({columns, rank}, like);
    projected_.push_back(
        at::zeros(is_left(basis) ? at::IntArrayRef{rank, columns} : at::IntArrayRef{rows, rank}, like));
    residual_.add(matrix);
    costs.push_back(static_cast<double>(matrix.numel()));
    largest = std::max(largest, projected_.back().numel());
    bases_.push_back(std::move(basis));
  }
  make_rule();
  std::map<at::ScalarType, at::Tensor> buffers;
  for (const at::Tensor& projected : projected_) {
    at::Tensor& buffer = buffers[projected.scalar_type()];
    if (!buffer.defined()) buffer = at::zeros({largest}, projected.options());
    negative_.push_back(buffer.narrow(0, 0, projected.numel()).view(projected.sizes()));
  }
  plan_ = std::make_unique<RefreshPlan>(costs, options_.subspace.interval, options_.subspace.refresh_stagger);
  found_.assign(bases_.size(), std::nullopt);
  small_.assign(bases_.size(), false);
  fresh_.assign(bases_.size(), false);
  formed_.assign(bases_.size(), false);
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
  for (std::size_t k = 0; k < bases_.size(); ++k) add(selection_.projected[k], projected_[k]);
  for (const std::size_t i : selection_.others) add(i, parameters_[i].tensor.detach());
}

void LowRankUpdate::keep_state_of(const std::vector<bool>& kept) {
  kept_ = kept;
  make_rule();
}

bool LowRankUpdate::begin_step(Objective& objective) {
  const bool linear =
      residual_.mode() == ResidualMode::none && !options_.norms && options_.subspace.method != BasisMethod::exact_svd;
  ranks_ = linear && objective.gradients_are_parts() ? &objective : nullptr;
  return sums_over_ranks();
}

void LowRankUpdate::sum_over_ranks(const std::vector<at::Tensor>& tensors) const {
  if (ranks_) ranks_->sum_over_ranks(tensors);
}

bool LowRankUpdate::is_due(std::size_t k) const {
  return !fresh_[k] && (plan_->is_due(k, steps_) || small_[k]);
}

bool LowRankUpdate::refresh_is_due() const {
  for (std::size_t k = 0; k < bases_.size(); ++k)
    if (is_due(k)) return true;
  return false;
}

void LowRankUpdate::refresh(const std::vector<at::Tensor>& gradients) {
  std::map<std::pair<std::vector<std::int64_t>, ProjectedSide>, std::vector<std::size_t>> groups;
  for (std::size_t k = 0; k < bases_.size(); ++k) {
    const at::Tensor& gradient = gradients[selection_.projected[k]];
    if (is_due(k) && gradient.defined()) groups[{gradient.sizes().vec(), bases_[k].side}].push_back(k);
  }
  for (const auto& [shape, matrices] : groups) {
    std::vector<at::Tensor> theirs;
    for (const std::size_t k : matrices) theirs.push_back(gradients[selection_.projected[k]]);
    find_bases(matrices, theirs);
  }
  take_over_bases();
}

void LowRankUpdate::find_basis(std::size_t k, const at::Tensor& gradient) {
  find_bases({k}, {gradient});
}

/// New bases of matrices of one shape and side.
void LowRankUpdate::find_bases(const std::vector<std::size_t>& matrices, const std::vector<at::Tensor>& gradients) {
  const StepClock::Scope timed(clock_, StepPhase::refresh);
  torch::NoGradGuard no_grad;
  const SubspaceOptions& o = options_.subspace;
  const Basis& first = bases_[matrices.front()];
  const bool left = is_left(first);
  // The projected side takes the place of the rows, so that the sketch's range is what it becomes.
  std::vector<at::Tensor> oriented;
  for (const at::Tensor& gradient : gradients) oriented.push_back(left ? gradient : gradient.t());
  const std::int64_t rank = first.projector().size(1);
  const std::int64_t shorter = std::min(oriented.front().size(0), oriented.front().size(1));
  const bool plain = o.method == BasisMethod::range_finder;
  const std::int64_t width = plain ? rank : std::min(rank + o.oversampling, shorter);

  linalg::Summation sum;
  if (ranks_) sum = [this](const at::Tensor& products) { sum_over_ranks({products}); };
  linalg::SingularPairs pairs;
  if (o.method == BasisMethod::exact_svd) {
    pairs = linalg::exact_pairs(gradients, rank);  // of G as it lies, so that signs are those of GaLore's code
    if (!left) std::swap(pairs.left, pairs.right);
  } else {
    const at::Tensor sketches = at::empty({static_cast<std::int64_t>(matrices.size()), oriented.front().size(1), width},
                                          first.projector().options());
    for (std::size_t i = 0; i < matrices.size(); ++i)
      fill_with_seeded_normals(sketches[static_cast<std::int64_t>(i)],
                               streams_.seed_of("sketch/" + parameters_[selection_.projected[matrices[i]]].name,
                                                static_cast<std::uint64_t>(refreshes_)));
    if (!plain) {
      pairs = linalg::randomized_pairs(oriented, sketches, rank, o.power_iterations, sum);
    } else {
      pairs.left = linalg::range_basis(oriented, sketches, 0, sum);
      if (paired_) pairs.right = linalg::range_basis_of_rows(oriented, pairs.left, sum);
    }
  }
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    Basis basis;
    basis.side = first.side;
    (left ? basis.left : basis.right) = pairs.left[static_cast<std::int64_t>(i)];
    if (paired_) (left ? basis.right : basis.left) = pairs.right[static_cast<std::int64_t>(i)];
    found_[matrices[i]] = std::move(basis);
  }
}

void LowRankUpdate::take_over_bases() {
  const StepClock::Scope timed(clock_, StepPhase::refresh);
  torch::NoGradGuard no_grad;
  bool any = false;
  for (std::size_t k = 0; k < bases_.size(); ++k) {
    if (!found_[k]) continue;
    Basis& basis = bases_[k];
    if (const auto index = rule_index_[selection_.projected[k]]; index && steps_ > 0)
      rule_->transport(*index,
                       {at::mm(found_[k]->projector().t(), basis.projector()), basis.side, options_.subspace.moments});
    if (basis.left.defined()) basis.left.copy_(found_[k]->left);
    if (basis.right.defined()) basis.right.copy_(found_[k]->right);
    found_[k].reset();
    fresh_[k] = any = true;
    small_[k] = false;
  }
  if (any) ++refreshes_;
}

void LowRankUpdate::drop_bases() {
  found_.assign(bases_.size(), std::nullopt);
}

const Basis& LowRankUpdate::newest_basis(std::size_t k) const {
  return found_[k] ? *found_[k] : bases_[k];
}

void LowRankUpdate::project(std::size_t k, const at::Tensor& gradient) {
  const StepClock::Scope timed(clock_, StepPhase::projection);
  newest_basis(k).project(gradient, projected_[k], options_.subspace.precision);
  formed_[k] = true;
}

void LowRankUpdate::add_projected(std::size_t k, const at::Tensor& gradient) {
  if (!formed_[k]) return project(k, gradient);
  const StepClock::Scope timed(clock_, StepPhase::projection);
  at::Tensor& part = negative_[k];
  newest_basis(k).project(gradient, part, options_.subspace.precision);
  projected_[k].add_(part);
}

void LowRankUpdate::scale_projected(const at::Tensor& factor) {
  for (std::size_t k = 0; k < bases_.size(); ++k)
    if (formed_[k]) projected_[k].mul_(factor.to(projected_[k].scalar_type()));
}

void LowRankUpdate::drop_projected() {
  formed_.assign(bases_.size(), false);
}

void LowRankUpdate::step_matrix(std::size_t k, const at::Tensor& gradient, double learning_rate) {
  const std::optional<std::size_t> index = rule_index_[selection_.projected[k]];
  // Whether a subspace is renewed depends on the projections: every rank has all of them then.
  const bool needed = index || options_.norms || options_.subspace.refresh_below;
  if (!formed_[k] && needed) project(k, gradient);
  formed_[k] = false;
  fresh_[k] = false;
  if (!index) return;
  const double alpha = options_.subspace.scale, keep = 1 - learning_rate * options_.weight_decay;
  at::Tensor& negative = negative_[k];
  at::Tensor weight = parameters_[selection_.projected[k]].tensor;
  rule_->negative_direction(*index, projected_[k], negative);
  if (residual_.mode() == ResidualMode::none)
    return bases_[k].add_lifted(weight, negative, keep, learning_rate * alpha, options_.subspace.precision);
  negative.mul_(alpha);
  if (keep != 1) weight.mul_(keep);
  residual_.apply(k, bases_[k], gradient, projected_[k], alpha, learning_rate, weight, negative);
  bases_[k].add_lifted(weight, negative, 1, learning_rate, options_.subspace.precision);
}

void LowRankUpdate::apply(const std::vector<at::Tensor>& gradients, double learning_rate) {
  torch::NoGradGuard no_grad;
  rule_->advance();
  std::vector<std::size_t> indices;
  std::vector<at::Tensor> parameters, others;
  if (ranks_) {
    for (const std::size_t i : selection_.others) others.push_back(gradients[i]);
    sum_over_ranks(others);
    others.clear();
    for (std::size_t k = 0; k < bases_.size(); ++k)
      if (!formed_[k]) project(k, gradients[selection_.projected[k]]);
    sum_over_ranks(projected_);
  }
  for (const std::size_t i : selection_.others) {
    if (!keeps(i)) continue;
    indices.push_back(*rule_index_[i]);
    parameters.push_back(parameters_[i].tensor);
    others.push_back(gradients[i]);
  }
  rule_->update(indices, parameters, others, learning_rate, options_.weight_decay);
  for (std::size_t k = 0; k < bases_.size(); ++k) step_matrix(k, gradients[selection_.projected[k]], learning_rate);
  ++steps_;
  note_small_gradients();
  if (!options_.norms || bases_.empty()) return;
  std::vector<at::Tensor> whole;
  for (const std::size_t i : selection_.projected) whole.push_back(gradients[i]);
  const auto squares = [](const std::vector<at::Tensor>& list) {
    return at::stack(at::_foreach_norm(list)).to(at::kDouble).square().sum();
  };
  norms_ = at::stack({squares(projected_), squares(whole)});
}

void LowRankUpdate::note_small_gradients() {
  if (!options_.subspace.refresh_below || bases_.empty()) return;
  const std::vector<double> norms = host_read(at::stack(at::_foreach_norm(projected_)));
  for (std::size_t k = 0; k < bases_.size(); ++k) small_[k] = norms[k] <= *options_.subspace.refresh_below;
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
          {"projected", bases_.size()},
          {"refreshes", refreshes_},
          {"parameters", selection_.summary}};
}

OptimizerState LowRankUpdate::state_dict() const {
  OptimizerState state;
  nlohmann::json small = nlohmann::json::array(), fresh = nlohmann::json::array();
  for (std::size_t k = 0; k < bases_.size(); ++k) {
    const std::string& name = parameters_[selection_.projected[k]].name;
    if (bases_[k].left.defined()) state.tensors.emplace_back("left_basis/" + name, bases_[k].left);
    if (bases_[k].right.defined()) state.tensors.emplace_back("right_basis/" + name, bases_[k].right);
    if (residual_.mode() == ResidualMode::fira && keeps(selection_.projected[k]))
      state.tensors.emplace_back("residual_norm/" + name, residual_.last_norms()[k]);
    if (small_[k]) small.push_back(k);
    if (fresh_[k]) fresh.push_back(k);
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
  for (std::size_t k = 0; k < bases_.size(); ++k) {
    const std::string& name = parameters_[selection_.projected[k]].name;
    const auto read = [&](const std::string& key, at::Tensor tensor) {
      if (tensor.defined()) tensor.copy_(state.require(key + name, tensor));
    };
    read("left_basis/", bases_[k].left);
    read("right_basis/", bases_[k].right);
    if (residual_.mode() == ResidualMode::fira) read("residual_norm/", residual_.last_norms()[k]);
  }
  rule_->load(state);
  steps_ = saved_steps(state);
  refreshes_ = saved_count(state, "refreshes");
  small_.assign(bases_.size(), false);
  fresh_.assign(bases_.size(), false);
  for (const nlohmann::json& k : state.values.at("small")) small_.at(k.get<std::size_t>()) = true;
  for (const nlohmann::json& k : state.values.at("fresh")) fresh_.at(k.get<std::size_t>()) = true;
}

}  // namespace talweg::optim
