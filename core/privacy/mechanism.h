#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/random/sampling.h"

namespace talweg::privacy {

/// Which data sets count as neighbours: what exactly the guarantee hides.
enum class NeighbouringRelation {
  add_or_remove_one,  ///< one example more or less; the clipped sum changes by at most C
  zero_out_one,       ///< one example is replaced by an empty one with gradient 0 (the batches stay); at most C
  replace_one,        ///< one example is replaced by any other; at most 2C
};
std::vector<std::pair<std::string, NeighbouringRelation>> choices(NeighbouringRelation);

/// The names of the configuration: "poisson", "replace_one", ….
std::string name_of(NeighbouringRelation relation);

/// How far the sum of clipped gradients of neighbours can be apart, in units of the clipping norm C: 1 or 2.
double sensitivity(NeighbouringRelation relation);

/// Projection of all parameters on one ball after every step (DPSGD-DC), and what the bounds for it assume.
struct BoundedDomain {
  double radius = 0;                   ///< R > 0; the bounds use the diameter 2R
  std::optional<double> smoothness{};  ///< L ≥ 0: every example's loss has an L-Lipschitz gradient. An assumption of
                                       ///< the user; the dc_* accountants ask for it.

  bool operator==(const BoundedDomain&) const = default;
};

/// One noisy step of DP-SGD as the accountants see it: θ ← θ − η·(1/b)(Σ clip_C(g_i) + N(0, (s·C)² I)).
struct Mechanism {
  Sampling sampling = Sampling::poisson;  ///< decides which accountant is true
  /// q: the probability of an example to be in a batch; of shuffle and sequential one over the steps of an epoch.
  double sampling_rate = 0;
  /// s: standard deviation of the noise on the *sum* of clipped gradients, divided by C. With the noise σ_DP on the
  /// *mean* gradient, s = σ_DP·b/C.
  double noise_multiplier = 0;
  double clip_norm = 1;      ///< C > 0; with plain privacy accounting it cancels
  double batch_size = 0;     ///< b, the divisor; needed only for a bounded domain
  double learning_rate = 0;  ///< η; needed only for a bounded domain, must then be the same in all steps
  std::optional<BoundedDomain> domain{};
  /// Plain SGD with flat clipping: what the bounds for a hidden state and a bounded domain are proven for. False with
  /// momentum, Adam, weight decay, normalised or per-layer clipping; the dc_* accountants then refuse.
  bool plain_sgd = true;

  bool operator==(const Mechanism&) const = default;
};

/// Throws ConfigError when a number makes no sense (q outside (0, 1], s < 0, C ≤ 0, radius ≤ 0, smoothness < 0,
/// batch_size < 0 …); the message names the field.
void check(const Mechanism& mechanism);

nlohmann::json to_json(const Mechanism& mechanism);
/// Throws DataError when a member is missing or of the wrong type.
Mechanism mechanism_from_json(const nlohmann::json& json);

}  // namespace talweg::privacy
