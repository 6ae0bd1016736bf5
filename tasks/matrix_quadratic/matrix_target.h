#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "core/random/random_streams.h"

namespace talweg::tasks {

/// The singular values of the target: coefficient·j^(−power), or coefficient·ratio^j, or all of a Gaussian matrix.
enum class SpectrumKind { gaussian, power, exponential };
inline std::vector<std::pair<std::string, SpectrumKind>> choices(SpectrumKind) {
  return {
      {"gaussian", SpectrumKind::gaussian}, {"power", SpectrumKind::power}, {"exponential", SpectrumKind::exponential}};
}

struct SpectrumOptions {
  SpectrumKind kind = SpectrumKind::gaussian;
  double coefficient = 1;
  double power = 1;
  double ratio = 0.7;
};
void declare(config::Fields& f, SpectrumOptions& o);

/// A matrix by its size and its singular values; its singular vectors are those of a Gaussian matrix.
struct MatrixTargetOptions {
  std::int64_t rows = 12;
  std::int64_t columns = 16;
  SpectrumOptions spectrum;

  std::int64_t shorter_side() const;
};
void declare(config::Fields& f, MatrixTargetOptions& o);

/// The matrix [rows, columns] in float64 on the CPU, drawn from the stream "synthetic data".
at::Tensor make_matrix(const MatrixTargetOptions& options, const RandomStreams& streams);

/// Says at `key` that a rank of `rank` does not fit into the matrix.
void require_rank(const MatrixTargetOptions& options, std::int64_t rank, const char* key, const config::Value& where,
                  config::Diagnostics& diagnostics);

}  // namespace talweg::tasks
