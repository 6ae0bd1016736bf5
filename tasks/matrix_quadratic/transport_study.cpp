#include "tasks/matrix_quadratic/transport_study.h"

#include <fmt/format.h>

#include <cmath>

#include "core/libtorch.h"
#include "core/linalg/range_finder.h"
#include "core/random/seeded_normals.h"
#include "optim/subspace/moment_rule.h"
#include "tasks/matrix_quadratic/normal_matrices.h"

namespace talweg::tasks {
namespace {

constexpr std::int64_t kGradientColumns = 32;  // of the gradients
constexpr double kMeanDecay = 0.9, kSquareDecay = 0.999;
constexpr optim::MomentTransport kRules[] = {optim::MomentTransport::squared, optim::MomentTransport::ldadam};
constexpr std::int64_t kRuleCount = 2;

}  // namespace

void declare(config::Fields& f, TransportStudyOptions& o) {
  f("rows", o.rows, "m: length of the gradients' columns", config::at_least(1), config::at_most(100000));
  f("rank", o.rank, "r", config::at_least(1));
  f("change", o.change, "deviation of the noise that moves a basis", config::above(0));
  f("changes", o.changes, "changes of basis in a row", config::at_least(1), config::at_most(1000000));
}

void validate(const TransportStudyOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.rank > o.rows) diagnostics.error(where.at("rank"), fmt::format("'rank' is at most 'rows', {}", o.rows));
}

TransportStudy::TransportStudy(const TransportStudyOptions& options, const StudyContext& context)
    : options_(options),
      streams_(context.streams),
      basis_(orthonormal_normals(options.rows, options.rank, context.streams.seed_of("basis"))),
      means_(at::zeros({kRuleCount, options.rank, kGradientColumns}, at::kDouble)),
      squares_(at::zeros_like(means_)),
      negative_(at::zeros({}, at::kDouble)),
      smallest_(at::full({kRuleCount}, INFINITY, at::kDouble)) {}

void TransportStudy::step(std::int64_t step) {
  torch::NoGradGuard no_grad;
  const auto index = static_cast<std::uint64_t>(step);
  const std::int64_t r = options_.rank;
  const at::Tensor gradient = seeded_normals({r, kGradientColumns}, streams_.seed_of("gradient", index));
  const at::Tensor next = linalg::orthonormal_columns(
      basis_ + options_.change * seeded_normals({options_.rows, r}, streams_.seed_of("basis", index + 1)));
  const at::Tensor overlap = at::mm(next.t(), basis_);
  negative_ += (at::mm(overlap, gradient.square()) < 0).to(at::kDouble).mean();
  for (std::int64_t rule = 0; rule < kRuleCount; ++rule) {
    at::Tensor mean = means_[rule], square = squares_[rule];
    mean.mul_(kMeanDecay).add_(gradient, 1 - kMeanDecay);
    square.mul_(kSquareDecay).addcmul_(gradient, gradient, 1 - kSquareDecay);
    const double t = static_cast<double>(step + 1);
    optim::transport_moments(mean, square, {overlap, optim::ProjectedSide::left, kRules[rule]},
                             1 - std::pow(kMeanDecay, t), 1 - std::pow(kSquareDecay, t));
    means_[rule].copy_(mean);
    squares_[rule].copy_(square);
    smallest_[rule] = at::minimum(smallest_[rule], square.min());
  }
  basis_ = next;
  made_ = step + 1;
}

Metrics TransportStudy::evaluate() {
  if (made_ == 0) return {};
  return {{"linear_negative_share", negative_.item<double>() / static_cast<double>(made_)},
          {"squared_smallest", smallest_[0].item<double>()},
          {"ldadam_smallest", smallest_[1].item<double>()}};
}

checkpoint::State TransportStudy::state() const {
  checkpoint::State state;
  state.add("basis", basis_);
  state.add("means", means_);
  state.add("squares", squares_);
  state.add("negative", negative_);
  state.add("smallest", smallest_);
  return state;
}

void TransportStudy::load(const checkpoint::State& state, std::int64_t steps) {
  made_ = steps;
  basis_ = state.require("basis").clone();
  means_.copy_(state.require("means"));
  squares_.copy_(state.require("squares"));
  negative_.copy_(state.require("negative"));
  smallest_.copy_(state.require("smallest"));
}

}  // namespace talweg::tasks
