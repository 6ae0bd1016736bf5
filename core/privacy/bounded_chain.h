#pragma once

#include <vector>

namespace talweg::privacy {

/// DP-SGD in one dimension whose law can be computed: full batches, concave losses −Lθ²/2 for all examples but one,
/// whose clipped gradient is always +C or always −C, projection on [−R, R], start at 0:
///
///     θ' = Π(θ − η[(n − 1)/n·clip(−Lθ, ±C) ± C/n] + ησξ).
///
/// The map expands by 1 + ηL, so that nothing of the theory of convex losses helps; what the bounds for hidden
/// states claim can be compared with the truth. The two neighbours are mirror images of each other. Source: ours.
class BoundedChain {
 public:
  struct Setting {
    double smoothness = 1;     ///< L
    double clip_norm = 1;      ///< C
    double noise = 1;          ///< σ on the mean gradient
    double radius = 1;         ///< R
    double examples = 1;       ///< n
    double learning_rate = 1;  ///< η
  };
  /// `cells` of equal width between the two atoms at ±R; about 400 give three digits.
  explicit BoundedChain(const Setting& setting, int cells = 401);

  /// One step of both chains.
  void step();
  /// Rényi divergence of order α > 1 between the two laws of the last iterate.
  double divergence(double order) const;
  /// Mass of −R, of the cells, of R.
  const std::vector<double>& law() const { return law_; }
  /// Goes on from a law of as many cells that was read before. Throws std::invalid_argument when they are not.
  void set_law(std::vector<double> law);

 private:
  std::size_t size_;
  std::vector<double> law_, next_;
  std::vector<double> transition_;  // [from][to]
};

}  // namespace talweg::privacy
