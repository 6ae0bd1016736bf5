#pragma once

#include <cstddef>
#include <cstdint>

namespace talweg::models {

// The training loss of linear attention with many prompts side by side in vectors. No LibTorch in here (see
// CMakeLists.txt).

/// Teacher-forced prompts as plain memory.
template <class T>
struct TeacherForcingProblem {
  std::int64_t count, half, examples, steps;  // B, d + 1, n, k
  const T *value, *key_query;                 // V, W, row by row
  const T *context, *path;
  std::int64_t context_prompt, context_row, context_column;  // strides
  std::int64_t path_prompt, path_step, path_row;
  const T* scales;  // 1/λ of each step

  std::int64_t size() const { return 2 * half; }  // D
  /// Vectors of working memory.
  std::int64_t vectors_needed() const {
    return half * (examples + half + steps + 1) + 4 * steps * size() + steps * steps + size() * (size() + half);
  }
};

/// Prompts [first, last): the sum of squared residuals, and with `gradients` the sums of both gradients by V and W, [D,
/// D] and [D, d + 1]. `memory` is a scratch of vectors_needed().
double teacher_forced_sums(const TeacherForcingProblem<double>& p, std::int64_t first, std::int64_t last,
                           std::byte* memory, double* gradients);
double teacher_forced_sums(const TeacherForcingProblem<float>& p, std::int64_t first, std::int64_t last,
                           std::byte* memory, double* gradients);

}  // namespace talweg::models
