#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "core/config/fields.h"
#include "core/random/random_streams.h"

namespace talweg::tasks {

/// Singular vectors of the target: unit vectors, or drawn from the seed.
enum class TargetVectors { aligned, random };
inline std::vector<std::pair<std::string, TargetVectors>> choices(TargetVectors) {
  return {{"aligned", TargetVectors::aligned}, {"random", TargetVectors::random}};
}

struct TargetOptions {
  std::vector<double> singular_values{10, 6, 3};
  std::int64_t rows = 5;
  std::optional<std::int64_t> columns;
  TargetVectors vectors = TargetVectors::aligned;
};
void declare(config::Fields& f, TargetOptions& o);
void validate(const TargetOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// M = U·diag(σ_1, …, σ_r)·Vᵀ in float64 on the CPU.
struct Target {
  at::Tensor matrix;  ///< [rows, columns]
  at::Tensor left;    ///< U [rows, r]
  at::Tensor right;   ///< V [columns, r]
  std::vector<double> singular_values;
};
Target make_target(const TargetOptions& options, const RandomStreams& streams);

}  // namespace talweg::tasks
