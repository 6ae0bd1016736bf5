#include "tasks/matrix_quadratic/matrix_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/libtorch.h"
#include "core/random/seeded_normals.h"

namespace talweg::tasks {

void declare(config::Fields& f, SpectrumOptions& o) {
  f("kind", o.kind, "gaussian: independent normal entries; power, exponential: singular values sigma_j");
  f("coefficient", o.coefficient, "factor on the target", config::above(0));
  f("power", o.power, "sigma_j = j^-power", config::at_least(0));
  f("ratio", o.ratio, "sigma_j = ratio^j", config::above(0), config::at_most(1));
}

std::int64_t MatrixTargetOptions::shorter_side() const {
  return std::min(rows, columns);
}

void declare(config::Fields& f, MatrixTargetOptions& o) {
  f("rows", o.rows, "m", config::at_least(1), config::at_most(100000));
  f("columns", o.columns, "n", config::at_least(1), config::at_most(100000));
  f("spectrum", o.spectrum, "the matrix A");
}

at::Tensor make_matrix(const MatrixTargetOptions& o, const RandomStreams& streams) {
  const at::Tensor gaussian = seeded_normals({o.rows, o.columns}, streams.seed_of("synthetic data"));
  if (o.spectrum.kind == SpectrumKind::gaussian) return o.spectrum.coefficient * gaussian;
  const auto [u, s, vt] = at::linalg_svd(gaussian, false);
  const at::Tensor j = at::arange(1, s.numel() + 1, at::kDouble);
  const at::Tensor values =
      o.spectrum.kind == SpectrumKind::power ? j.pow(-o.spectrum.power) : at::pow(o.spectrum.ratio, j);
  return at::mm(u * (o.spectrum.coefficient * values), vt);
}

void require_rank(const MatrixTargetOptions& options, std::int64_t rank, const char* key, const config::Value& where,
                  config::Diagnostics& diagnostics) {
  if (rank > options.shorter_side())
    diagnostics.error(where.at(key), fmt::format("'{}' asks for a larger rank than the shorter side, {}", key,
                                                 options.shorter_side()));
}

}  // namespace talweg::tasks
