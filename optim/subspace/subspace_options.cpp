#include "optim/subspace/subspace_options.h"

namespace talweg::optim {

std::vector<std::pair<std::string, SideRule>> choices(SideRule) {
  return {{"shorter", SideRule::shorter},
          {"longer", SideRule::longer},
          {"left", SideRule::left},
          {"right", SideRule::right}};
}

std::vector<std::pair<std::string, BasisMethod>> choices(BasisMethod) {
  return {{"randomized_svd", BasisMethod::randomized_svd},
          {"range_finder", BasisMethod::range_finder},
          {"exact_svd", BasisMethod::exact_svd}};
}

std::vector<std::pair<std::string, MomentTransport>> choices(MomentTransport) {
  return {{"squared", MomentTransport::squared}, {"ldadam", MomentTransport::ldadam}, {"keep", MomentTransport::keep}};
}

std::vector<std::pair<std::string, ProjectionPrecision>> choices(ProjectionPrecision) {
  return {{"full", ProjectionPrecision::full}, {"bfloat16", ProjectionPrecision::bfloat16}};
}

void declare(config::Fields& f, TargetOptions& o) {
  f("include", o.include,
    "project matrices whose name contains one of these words, such as [attention, feed_forward] (default: all)");
  f("exclude", o.exclude, "but none whose name contains one of these");
  f("smallest_dimension", o.smallest_dimension, "matrices with a shorter side than this are not projected",
    config::at_least(1));
}

void declare(config::Fields& f, SubspaceOptions& o) {
  f("rank", o.rank, "r: dimension of the subspace; cut to the shorter side of a matrix", config::at_least(1));
  f("interval", o.interval, "T: steps from one subspace to the next; 0 keeps the first", config::at_least(0));
  f("refresh_stagger", o.refresh_stagger,
    "spread the refreshes of the matrices over the interval, so that no step does many");
  f("refresh_below", o.refresh_below,
    "also refresh a matrix whose projected gradient has a Frobenius norm of at most this (AdaRankGrad's criterion)",
    config::at_least(0));
  f("side", o.side,
    "shorter: project the shorter side, square matrices on the right (GaLore's std); longer: its reverse_std");
  f("method", o.method,
    "randomized_svd: matched singular bases; range_finder: QR of a sketch, without oversampling, power iterations and "
    "rotation; exact_svd: LAPACK, as GaLore");
  f("oversampling", o.oversampling, "p: columns of the sketch beyond the rank", config::at_least(0));
  f("power_iterations", o.power_iterations, "products with G Gᵀ that sharpen the sketch", config::at_least(0),
    config::at_most(10));
  f("moments", o.moments,
    "how moments go to a new subspace, X = Qnewᵀ Qold: squared (X M, X∘X V), ldadam, or keep (as GaLore)");
  f("scale", o.scale, "alpha: factor on the projected update beside the learning rate", config::above(0));
  f("precision", o.precision,
    "of the products that project and lift: full (the parameters' type), or bfloat16, which is faster");
}

void validate(const SubspaceOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.refresh_stagger && o.interval == 0)
    diagnostics.error(where.where, "'refresh_stagger' spreads refreshes over 'interval', which is 0");
}

}  // namespace talweg::optim
