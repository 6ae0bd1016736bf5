#pragma once

#include <cstddef>
#include <cstdint>

namespace talweg::models {

/// Decoding of linear attention as plain memory, many prompts side by side in vectors. No LibTorch in here (see
/// CMakeLists.txt).
template <class T>
struct DecodingProblem {
  std::int64_t count, half, examples, steps;  // B, d + 1, n, T
  const T *value, *key_query, *context;
  std::int64_t context_prompt, context_row, context_column;  // strides
  const T* scales;
  bool projected;
  T* weights;  // [T, d, B]

  std::int64_t size() const { return 2 * half; }  // D
  /// Vectors of working memory.
  std::int64_t vectors_needed() const { return half * examples + size() * (size() + 4); }
};

/// Decodes the prompts [first, last); `memory` is a scratch of vectors_needed().
void decode_prompts(const DecodingProblem<double>& p, std::int64_t first, std::int64_t last, std::byte* memory);
void decode_prompts(const DecodingProblem<float>& p, std::int64_t first, std::int64_t last, std::byte* memory);

}  // namespace talweg::models
