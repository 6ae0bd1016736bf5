#include "tasks/deep_matrix_factorization/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

/// The first `count` columns of a uniformly random rotation.
at::Tensor random_orthonormal(std::int64_t rows, std::int64_t count, RandomGenerator random) {
  at::Tensor gaussian = at::empty({rows, rows}, at::kDouble);
  for (std::int64_t i = 0; i < gaussian.numel(); ++i) gaussian.mutable_data_ptr<double>()[i] = random.normal();
  const auto [q, r] = at::linalg_qr(gaussian);
  return (q * r.diagonal().sign()).narrow(1, 0, count).contiguous();
}

}  // namespace

void declare(config::Fields& f, TargetOptions& o) {
  f("singular_values", o.singular_values, "sigma_1 > sigma_2 > ... > 0 of the target matrix", config::above(0));
  f("rows", o.rows, "rows of the target", config::at_least(1));
  f("columns", o.columns, "columns of the target (default: as many as rows)", config::at_least(1));
  f("vectors", o.vectors,
    "aligned: the singular vectors are unit vectors, the target is diagonal; random: drawn from the seed");
}

void validate(const TargetOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const config::Value* key = where.find("singular_values");
  const auto& at = key ? key->where : where.where;
  const std::int64_t most = std::min(o.rows, o.columns.value_or(o.rows));
  if (o.singular_values.empty()) diagnostics.error(at, "'singular_values' needs at least one");
  if (static_cast<std::int64_t>(o.singular_values.size()) > most)
    diagnostics.error(at, fmt::format("'singular_values' has {} numbers, a matrix of {} x {} has {}",
                                      o.singular_values.size(), o.rows, o.columns.value_or(o.rows), most));
  if (!std::is_sorted(o.singular_values.rbegin(), o.singular_values.rend()))
    diagnostics.error(at, "'singular_values' must be given largest first");
}

Target make_target(const TargetOptions& options, const RandomStreams& streams) {
  const std::int64_t columns = options.columns.value_or(options.rows);
  const auto rank = static_cast<std::int64_t>(options.singular_values.size());
  Target target;
  target.singular_values = options.singular_values;
  if (options.vectors == TargetVectors::aligned) {
    target.left = at::eye(options.rows, rank, at::kDouble);
    target.right = at::eye(columns, rank, at::kDouble);
  } else {
    target.left = random_orthonormal(options.rows, rank, streams.generator("left singular vectors"));
    target.right = random_orthonormal(columns, rank, streams.generator("right singular vectors"));
  }
  const at::Tensor sigma = at::tensor(at::ArrayRef<double>(options.singular_values), at::kDouble);
  target.matrix = (target.left * sigma).mm(target.right.t()).contiguous();
  return target;
}

}  // namespace talweg::tasks
