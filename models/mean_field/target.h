#pragma once

#include <cstdint>
#include <vector>

namespace talweg::mean_field {

/// f·Π_j he_{α_j}(⟨u_j, x⟩): one term of a target that depends on k latent directions. Source: paper §2.2; k > 1 ours.
struct TargetTerm {
  double coefficient = 1;
  std::vector<std::int64_t> degrees;  ///< α, one per direction; ≥ 0
};

/// A target φ(Uᵀx) = Σ of terms, and its covariance with one neuron, φ̂(v) = E[φ(G)σ(⟨v,G⟩ + √(1−|v|²)G_0)]: a
/// polynomial in v ∈ R^k, since E[Π he_{α_j}(G_j)·he_n(⟨v,G⟩ + …)] = √(n!/Πα_j!)·Πv_j^{α_j} for n = |α| and 0
/// otherwise.
class Target {
 public:
  /// Pure noise: φ = 0, no direction.
  Target() = default;
  /// `hermite`: coefficients s_k of the activation. Terms beyond them have no covariance, but do count in ‖φ‖².
  /// Throws ConfigError when the terms disagree on the number of directions, or φ̂(0) ≠ 0.
  Target(std::vector<TargetTerm> terms, const std::vector<double>& hermite);
  /// φ = Σ f_k he_k of one direction.
  static Target single_index(const std::vector<double>& series, const std::vector<double>& hermite);

  /// k; 0 of pure noise.
  std::size_t directions() const { return directions_; }
  /// ‖φ‖² = E φ(G)².
  double squared_norm() const { return squared_norm_; }
  /// φ(z), z = Uᵀx of k numbers.
  double value(const double* z) const;

  /// φ̂(v), its gradient [k] and Hessian [k, k]; v of k numbers.
  double covariance(const double* v) const;
  void gradient(const double* v, double* out) const;
  void hessian(const double* v, double* out) const;

 private:
  /// Π_j v_j^{α_j} derived by the directions in `by`.
  static double monomial(const std::vector<std::int64_t>& degrees, const double* v, const std::vector<std::size_t>& by);
  double sum(const double* v, const std::vector<std::size_t>& by) const;

  std::size_t directions_ = 0;
  double squared_norm_ = 0;
  std::vector<TargetTerm> terms_;
  std::vector<double> weights_;  // of v^α, per term
};

}  // namespace talweg::mean_field
