#include <ATen/Parallel.h>

#include "core/libtorch.h"
#include "core/simd/scratch.h"
#include "models/in_context/decoding.h"
#include "models/in_context/prompt_embedding.h"

namespace talweg::models {
namespace {

using simd::Lanes;
using simd::multiply;
using simd::View;

template <class T>
struct DecodingProblem {
  std::int64_t count, half, examples, steps;  // B, d + 1, n, T
  const T *value, *key_query, *context;
  std::int64_t context_prompt, context_row, context_column;
  const T* scales;
  bool projected;
  T* weights;  // [T, d, B]

  std::int64_t size() const { return 2 * half; }  // D
  std::int64_t lanes_needed() const { return half * examples + half * half + size() * (size() + 4); }
};

/// product ← matrix·vector.
template <class T, class Matrix>
TALWEG_INLINE void apply(std::int64_t size, const View<Matrix>& matrix, Lanes<T>* vector, Lanes<T>* product) {
  multiply<T>(size, 1, size, matrix, View<Lanes<T>>{vector, 1, 1}, View<Lanes<T>>{product, 1, 1});
}

/// G of the examples alone: their Gram matrix in the upper corner, zero elsewhere.
template <class T>
TALWEG_INLINE void start(const DecodingProblem<T>& p, std::int64_t first, std::int64_t valid, Lanes<T>* context,
                         const View<Lanes<T>>& gram) {
  for (std::int64_t r = 0; r < p.half; ++r)
    for (std::int64_t j = 0; j < p.examples; ++j)
      simd::load(p.context + first * p.context_prompt + r * p.context_row + j * p.context_column, p.context_prompt,
                 valid, context[r * p.examples + j]);
  std::fill(gram.data, gram.data + p.size() * p.size(), Lanes<T>{});
  const View<Lanes<T>> examples{context, p.examples, 1};
  multiply<T>(p.half, p.half, p.examples, examples, examples.transposed(), gram);
}

template <class T>
TALWEG_INLINE void block(const DecodingProblem<T>& p, std::int64_t first, std::int64_t valid, Lanes<T>* memory) {
  const std::int64_t size = p.size(), half = p.half, d = half - 1;
  simd::Pieces<T> pieces(memory);
  Lanes<T>* const context = pieces.take(half * p.examples);
  const View<Lanes<T>> gram{pieces.take(size * size), size, 1};
  Lanes<T>* const token = pieces.take(size);
  Lanes<T>* const query = pieces.take(size);
  Lanes<T>* const seen = pieces.take(size);
  Lanes<T>* const change = pieces.take(size);
  const View<const T> value{p.value, size, 1}, key_query{p.key_query, size, 1};

  start(p, first, valid, context, gram);
  std::fill(token, token + size, Lanes<T>{});
  token[size - 1] = Lanes<T>{} + T(1);
  for (std::int64_t step = 0; step < p.steps; ++step) {
    for (std::int64_t r = 0; r < size; ++r)
      for (std::int64_t c = 0; c < size; ++c) *gram.at(r, c) += token[r] * token[c];
    apply<T>(size, key_query, token, query);
    apply<T>(size, gram, query, seen);
    apply<T>(size, value, seen, change);
    for (std::int64_t r = 0; r < size; ++r) token[r] += change[r] * p.scales[step];
    for (std::int64_t r = 0; r < d; ++r)
      simd::store<T>(token[half + r], valid, p.weights + (step * d + r) * p.count + first);
    if (!p.projected) continue;
    std::fill(token, token + half, Lanes<T>{});
    token[size - 1] = Lanes<T>{} + T(1);
  }
}

template <class T>
TALWEG_INLINE void range(const DecodingProblem<T>& p, std::int64_t first, std::int64_t last, Lanes<T>* memory) {
  for (std::int64_t begin = first; begin < last; begin += simd::lane_count<T>)
    block(p, begin, std::min(simd::lane_count<T>, last - begin), memory);
}

TALWEG_VECTOR_CLONES void range_of(const DecodingProblem<double>& p, std::int64_t first, std::int64_t last,
                                   Lanes<double>* memory) {
  range(p, first, last, memory);
}
TALWEG_VECTOR_CLONES void range_of(const DecodingProblem<float>& p, std::int64_t first, std::int64_t last,
                                   Lanes<float>* memory) {
  range(p, first, last, memory);
}

template <class T>
at::Tensor decode(const at::Tensor& value, const at::Tensor& key_query, const Prompts& prompts, const Scales& scales,
                  Decoding mode) {
  const at::Tensor v = value.contiguous(), w = key_query.contiguous();
  const std::vector<T> scale(scales.begin(), scales.end());
  const auto steps = static_cast<std::int64_t>(scales.size());
  const at::Tensor weights =
      at::empty({steps, prompts.dimension(), prompts.count()}, prompts.context.options().requires_grad(false));
  const at::Tensor& context = prompts.context;
  const DecodingProblem<T> p{prompts.count(),
                             context.size(1),
                             context.size(2),
                             steps,
                             v.const_data_ptr<T>(),
                             w.const_data_ptr<T>(),
                             context.const_data_ptr<T>(),
                             context.stride(0),
                             context.stride(1),
                             context.stride(2),
                             scale.data(),
                             mode == Decoding::projected,
                             weights.mutable_data_ptr<T>()};
  constexpr std::int64_t kLanes = simd::lane_count<T>;
  at::parallel_for(0, (p.count + kLanes - 1) / kLanes, 8, [&](std::int64_t begin, std::int64_t end) {
    thread_local simd::Scratch<T> scratch;
    range_of(p, begin * kLanes, std::min(p.count, end * kLanes), scratch.reserve(p.lanes_needed()));
  });
  return weights.permute({2, 0, 1});
}

}  // namespace

at::Tensor decode_in_lanes(const at::Tensor& value, const at::Tensor& key_query, const Prompts& prompts,
                           const Scales& scales, Decoding mode) {
  TORCH_CHECK(value.device().is_cpu(), "the lanes are those of a CPU");
  torch::NoGradGuard no_grad;
  return value.scalar_type() == at::kDouble ? decode<double>(value, key_query, prompts, scales, mode)
                                            : decode<float>(value, key_query, prompts, scales, mode);
}

}  // namespace talweg::models
