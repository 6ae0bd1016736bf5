#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/fields.h"
#include "optim/subspace/basis.h"

namespace talweg::optim {

enum class SideRule { shorter, longer, left, right };
enum class BasisMethod { randomized_svd, range_finder, exact_svd };
enum class MomentTransport { squared, ldadam, keep };
std::vector<std::pair<std::string, SideRule>> choices(SideRule);
std::vector<std::pair<std::string, BasisMethod>> choices(BasisMethod);
std::vector<std::pair<std::string, MomentTransport>> choices(MomentTransport);
std::vector<std::pair<std::string, ProjectionPrecision>> choices(ProjectionPrecision);

/// Which matrices are projected. Everything else, and every parameter that is not a matrix, has ordinary updates.
struct TargetOptions {
  std::vector<std::string> include;
  std::vector<std::string> exclude{"embed", "head"};
  std::int64_t smallest_dimension = 2;
};
void declare(config::Fields& f, TargetOptions& o);

/// The subspace of every projected matrix: how large, how found, when renewed.
struct SubspaceOptions {
  std::int64_t rank = 128;
  std::int64_t interval = 200;
  bool refresh_stagger = false;
  std::optional<double> refresh_below;
  SideRule side = SideRule::shorter;
  BasisMethod method = BasisMethod::randomized_svd;
  std::int64_t oversampling = 8;
  std::int64_t power_iterations = 1;
  MomentTransport moments = MomentTransport::squared;
  double scale = 0.25;
  ProjectionPrecision precision = ProjectionPrecision::full;
};
void declare(config::Fields& f, SubspaceOptions& o);
void validate(const SubspaceOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

}  // namespace talweg::optim
