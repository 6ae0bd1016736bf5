#include "tasks/matrix_quadratic/probe_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/libtorch.h"
#include "core/linalg/range_finder.h"
#include "core/random/seeded_normals.h"
#include "optim/ascent/subspace_directions.h"
#include "tasks/matrix_quadratic/normal_matrices.h"

namespace talweg::tasks {
namespace {

constexpr std::int64_t kOversampling = 5;
constexpr std::int64_t kPairsOfBases = 20;
constexpr double kProbesAPairCosts = 10;

}  // namespace

/// f(W) = ⟨W, G⟩.
class ProbeStudy::Linear : public PlainObjective {
 public:
  Linear(at::Tensor weight, at::Tensor gradient) : parameters_{std::move(weight)}, gradient_(std::move(gradient)) {}
  const std::vector<at::Tensor>& parameters() const override { return parameters_; }
  at::Tensor value() override { return (parameters_.front() * gradient_).sum(); }
  Evaluation gradient() override { throw std::logic_error("probes ask for no gradient"); }

 private:
  std::vector<at::Tensor> parameters_;
  at::Tensor gradient_;
};

void declare(config::Fields& f, ProbeStudyOptions& o) {
  declare(f, static_cast<MatrixTargetOptions&>(o));
  f("rank", o.rank, "r", config::at_least(1));
  f("counts", o.counts, "numbers of probes q", config::at_least(1));
  f("draws", o.draws, "estimates whose cosines are averaged, for one probe; fewer for more", config::at_least(1));
}

void validate(const ProbeStudyOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.counts.empty()) diagnostics.error(where.where, "'counts' needs at least one number of probes");
  require_rank(o, o.rank + kOversampling, "rank", where, diagnostics);
}

ProbeStudy::ProbeStudy(const ProbeStudyOptions& options, const StudyContext& context)
    : options_(options),
      streams_(context.streams),
      matrix_(make_matrix(options, context.streams)),
      weight_(at::zeros_like(matrix_)),
      objective_(std::make_unique<Linear>(weight_, matrix_)),
      cosines_(at::zeros({static_cast<std::int64_t>(options.counts.size())}, at::kDouble)),
      shares_(at::zeros({4}, at::kDouble)) {
  const linalg::SingularPairs exact = linalg::exact_pairs({matrix_}, options_.rank);
  left_ = exact.left[0];
  values_ = exact.values[0];
  right_ = exact.right[0];
}

std::int64_t ProbeStudy::draws_of(std::size_t part) const {
  if (part == options_.counts.size()) return kPairsOfBases;
  return std::max<std::int64_t>(1, options_.draws / options_.counts[part]);
}

double ProbeStudy::work_of(std::size_t part) const {
  return part == options_.counts.size() ? kProbesAPairCosts : static_cast<double>(options_.counts[part]);
}

std::int64_t ProbeStudy::steps() const {
  std::int64_t steps = 0;
  for (std::size_t part = 0; part <= options_.counts.size(); ++part) steps += draws_of(part);
  return steps;
}

ProbeStudy::Place ProbeStudy::place(std::int64_t index) const {
  std::size_t part = 0;
  while (part < options_.counts.size() && index >= draws_of(part)) index -= draws_of(part++);
  return {part, index};
}

double ProbeStudy::work_until(std::int64_t steps) const {
  const Place at = place(steps);
  double work = work_of(at.part) * static_cast<double>(at.draw);
  for (std::size_t part = 0; part < at.part; ++part) work += work_of(part) * static_cast<double>(draws_of(part));
  return work;
}

void ProbeStudy::step(std::int64_t index) {
  torch::NoGradGuard no_grad;
  const Place at = place(index);
  if (at.part == options_.counts.size())
    compare_bases(at.draw);
  else
    estimate(at.part, at.draw);
  made_ = index + 1;
}

void ProbeStudy::estimate(std::size_t part, std::int64_t draw) {
  if (!ascent_ || ascent_part_ != part) {
    optim::ZerothOrderOptions how;
    how.rho = 1;
    how.probe.probes = options_.counts[part];
    // Directions are Q diag(u) R, and what they can see of the gradient is Q diag(d) R.
    std::vector<optim::DiagonalDirections::Pair> pairs{[this] { return std::pair(left_, right_); }};
    ascent_ = std::make_unique<optim::ZerothOrderAscent>(
        std::vector<at::Tensor>{weight_}, std::make_unique<optim::DiagonalDirections>(std::move(pairs)), how);
    ascent_->set_streams(streams_);
    ascent_part_ = part;
  }
  ascent_->climb(*objective_, draw);
  const at::Tensor estimated = (at::mm(left_.t(), weight_) * right_.t()).sum(1);  // of length 1
  cosines_[static_cast<std::int64_t>(part)] += at::dot(estimated, values_) / values_.norm();
  ascent_->restore();
}

void ProbeStudy::compare_bases(std::int64_t draw) {
  const at::Tensor& a = matrix_;
  const std::int64_t r = options_.rank, n = a.size(1);
  const std::uint64_t seed = streams_.seed_of("bases", static_cast<std::uint64_t>(draw));
  const linalg::SingularPairs randomized =
                                  linalg::randomized_pairs({a}, seeded_normals({1, n, r + kOversampling}, seed), r, 1),
                              plain = linalg::randomized_pairs({a}, seeded_normals({1, n, r}, seed), r, 0);
  const at::Tensor basis = linalg::range_basis({a}, seeded_normals({1, n, r}, seed), 0);
  shares_[0] += visible_share(randomized.left[0], randomized.right[0]);
  shares_[1] += visible_share(plain.left[0], plain.right[0]);
  shares_[2] += visible_share(basis[0], linalg::range_basis_of_rows({a}, basis)[0]);
  shares_[3] += visible_share(orthonormal_normals(a.size(0), r, seed), orthonormal_normals(n, r, seed + 1));
}

/// Share of ‖A‖² in the numbers l_iᵀ A r_i.
double ProbeStudy::visible_share(const at::Tensor& left, const at::Tensor& right) const {
  return (at::mm(left.t(), matrix_) * right.t()).sum(1).square().sum().item<double>() /
         matrix_.square().sum().item<double>();
}

Metrics ProbeStudy::evaluate() {
  Metrics metrics;
  const Place at = place(made_);
  for (std::size_t part = 0; part < options_.counts.size(); ++part) {
    const std::int64_t draws = part < at.part ? draws_of(part) : part == at.part ? at.draw : 0;
    if (draws > 0)
      metrics.emplace_back(fmt::format("cosine_{}", options_.counts[part]),
                           cosines_[static_cast<std::int64_t>(part)].item<double>() / static_cast<double>(draws));
  }
  metrics.emplace_back("share_exact", visible_share(left_, right_));
  if (matrix_.size(0) == matrix_.size(1)) metrics.emplace_back("share_symmetric", visible_share(left_, left_));
  if (at.part < options_.counts.size() || at.draw == 0) return metrics;
  const char* names[] = {"share_randomized", "share_plain", "share_unrotated", "share_random"};
  for (std::int64_t i = 0; i < 4; ++i)
    metrics.emplace_back(names[i], shares_[i].item<double>() / static_cast<double>(at.draw));
  return metrics;
}

checkpoint::State ProbeStudy::state() const {
  checkpoint::State state;
  state.add("cosines", cosines_);
  state.add("shares", shares_);
  return state;
}

void ProbeStudy::load(const checkpoint::State& state, std::int64_t steps) {
  made_ = steps;
  cosines_.copy_(state.require("cosines"));
  shares_.copy_(state.require("shares"));
}

}  // namespace talweg::tasks
