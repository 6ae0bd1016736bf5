#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "optim/ascent/probe_directions.h"
#include "optim/subspace/basis.h"

namespace talweg::optim {

/// P_j = A diag(u_j) Bᵀ for every matrix, with orthonormal columns A [m, r], B [n, r] and u_j ~ N(0, I_r): ‖P_j‖ =
/// ‖u_j‖, and with matched singular bases of the gradient the r coordinates see its best approximation of rank r. The
/// matrices share one loss, so all of them are displaced together. Source: Refael et al. 2026 (LORENZA).
class DiagonalDirections : public ProbeDirections {
 public:
  /// Bases of a matrix, read whenever directions are placed.
  using Pair = std::function<std::pair<at::Tensor, at::Tensor>()>;
  /// Fills the coefficients of one probe, all matrices one after the other.
  using Coefficients = std::function<void(std::int64_t step, std::int64_t probe, std::span<double> all)>;

  explicit DiagonalDirections(std::vector<Pair> pairs);

  void begin_step(std::int64_t step, std::int64_t count) override;
  void place(DisplacedParameters& about, std::span<const double> weights) override;
  void set_streams(const RandomStreams& streams) override;
  /// Other coefficients than standard normal ones, for tests and experiments.
  void set_coefficients(Coefficients coefficients) { coefficients_ = std::move(coefficients); }

 private:
  std::vector<Pair> pairs_;
  std::vector<std::int64_t> offsets_;  // of each matrix in the coefficients; the last is their number
  Coefficients coefficients_;
  std::vector<std::vector<double>> drawn_;
};

/// P_j = Q Z_j or Z_j Qᵀ with Gaussian Z_j of the projected gradient's shape: sees all of QᵀG, in r·n dimensions.
class ProjectedDirections : public ProbeDirections {
 public:
  using BasisOf = std::function<const Basis&(std::size_t)>;
  explicit ProjectedDirections(BasisOf basis) : basis_(std::move(basis)) {}

  void begin_step(std::int64_t step, std::int64_t count) override;
  void place(DisplacedParameters& about, std::span<const double> weights) override;
  void set_streams(const RandomStreams& streams) override { streams_ = streams; }

 private:
  BasisOf basis_;
  RandomStreams streams_{0};
  std::int64_t step_ = 0;
};

}  // namespace talweg::optim
