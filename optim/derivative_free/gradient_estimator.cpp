#include "optim/derivative_free/gradient_estimator.h"

#include <algorithm>

#include "core/libtorch.h"
#include "optim/derivative_free/cor_cfd.h"
#include "optim/derivative_free/difference_estimators.h"
#include "optim/derivative_free/smoothing_estimators.h"

namespace talweg::optim {

std::int64_t DirectionCount::of(std::int64_t dimension) const {
  return std::min(dimension, random.value_or(dimension <= 200 ? dimension : 20));
}

Frame DirectionCount::frame(std::int64_t dimension, const RandomStreams& streams) const {
  const std::int64_t count = of(dimension);
  return count == dimension ? Frame::coordinates(dimension)
                            : Frame::orthonormal(count, dimension, streams.generator("directions"));
}

void declare_directions(config::Fields& f, DirectionCount& o) {
  f("directions", o.random,
    "r orthonormal directions of random orientation (default: the coordinates of up to 200 variables, 20 directions "
    "beyond)",
    config::at_least(1));
}

void register_estimators() {
  static const bool once = [] {
    auto& registry = config::Registry<EstimatorKind>::instance();
    registry.add<CorCfd, CorCfdOptions>("cor_cfd",
                                        "central differences whose perturbation is found from pilots, all of "
                                        "which are used again",
                                        "Liang, Liu and Zhang 2024 (arXiv 2405.05638)");
    registry.add<EmCfd, EmCfdOptions>("em_cfd",
                                      "central differences whose perturbation is found from pilots, which are "
                                      "then left out",
                                      "Li and Lam 2020");
    registry.add<OracleCfd, OracleCfdOptions>("oracle_cfd",
                                              "central differences at the perturbation that is best for a "
                                              "known noise and third derivative",
                                              "Zazanis and Suri 1993");
    registry.add<CentralDifference, CentralDifferenceOptions>("central_difference",
                                                              "central differences at a fixed "
                                                              "perturbation",
                                                              "Kiefer and Wolfowitz 1952");
    registry.add<ForwardDifference, ForwardDifferenceOptions>("forward_difference",
                                                              "differences to the value at the "
                                                              "point itself",
                                                              "standard");
    registry.add<SpsaEstimator, SpsaEstimatorOptions>("spsa", "central differences along random signs", "Spall 1992");
    registry.add<GaussianSmoothing, GaussianSmoothingOptions>("gaussian_smoothing",
                                                              "central differences along Gaussian "
                                                              "directions",
                                                              "Nesterov and Spokoiny 2017");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::optim
