#include "optim/ascent/subspace_directions.h"

#include "core/device/pinned_memory.h"
#include "core/libtorch.h"
#include "core/random/keyed_normals.h"
#include "core/random/seeded_normals.h"

namespace talweg::optim {

DiagonalDirections::DiagonalDirections(std::vector<Pair> pairs) : pairs_(std::move(pairs)), offsets_{0} {
  for (const Pair& pair : pairs_) offsets_.push_back(offsets_.back() + pair().first.size(1));
  set_streams(RandomStreams(0));
}

void DiagonalDirections::set_streams(const RandomStreams& streams) {
  coefficients_ = [streams](std::int64_t step, std::int64_t probe, std::span<double> all) {
    const std::uint64_t key = RandomStreams(streams.seed_of("probe", static_cast<std::uint64_t>(step)))
                                  .seed_of("direction", static_cast<std::uint64_t>(probe));
    keyed_normals({&key, 1}, static_cast<std::int64_t>(all.size()), all.data());
  };
}

void DiagonalDirections::begin_step(std::int64_t step, std::int64_t count) {
  drawn_.resize(static_cast<std::size_t>(count));
  for (std::int64_t j = 0; j < count; ++j) {
    std::vector<double>& all = drawn_[static_cast<std::size_t>(j)];
    all.resize(static_cast<std::size_t>(offsets_.back()));
    coefficients_(step, j, all);
  }
}

void DiagonalDirections::place(DisplacedParameters& about, std::span<const double> weights) {
  if (pairs_.empty()) return;
  torch::NoGradGuard no_grad;
  about.leave();
  at::Tensor sum = at::zeros({offsets_.back()}, at::kDouble);
  double* values = sum.mutable_data_ptr<double>();
  for (std::size_t j = 0; j < weights.size(); ++j)
    for (std::size_t i = 0; i < drawn_[j].size(); ++i) values[i] += weights[j] * drawn_[j][i];
  const at::Tensor all = sent_to(about.point().front().device(), sum);
  for (std::size_t k = 0; k < pairs_.size(); ++k) {
    const auto [left, right] = pairs_[k]();
    const at::Tensor coefficients = all.narrow(0, offsets_[k], offsets_[k + 1] - offsets_[k]).to(left.scalar_type());
    at::Tensor parameter = about.parameters()[k];
    at::addmm_out(parameter, about.point()[k], left * coefficients, right.t());
  }
}

void ProjectedDirections::begin_step(std::int64_t step, std::int64_t) {
  step_ = step;
}

void ProjectedDirections::place(DisplacedParameters& about, std::span<const double> weights) {
  torch::NoGradGuard no_grad;
  about.leave();
  for (std::size_t k = 0; k < about.parameters().size(); ++k) {
    const Basis& basis = basis_(k);
    at::Tensor parameter = about.parameters()[k];
    const std::int64_t rank = basis.projector().size(1);
    const at::Tensor drawn = at::empty(basis.side == ProjectedSide::left ? at::IntArrayRef{rank, parameter.size(1)}
                                                                         : at::IntArrayRef{parameter.size(0), rank},
                                       basis.projector().options());
    at::Tensor sum = at::zeros_like(drawn);
    for (std::size_t j = 0; j < weights.size(); ++j) {
      if (weights[j] == 0) continue;
      fill_with_seeded_normals(drawn, RandomStreams(streams_.seed_of("probe", static_cast<std::uint64_t>(step_)))
                                          .seed_of("direction", static_cast<std::uint64_t>(k) << 20 | j));
      sum.add_(drawn, weights[j]);
    }
    parameter.copy_(about.point()[k]);
    basis.add_lifted(parameter, sum, 1, 1, ProjectionPrecision::full);
  }
}

}  // namespace talweg::optim
