#include "models/in_context/decoding_kernel.h"

#include "core/simd/scratch.h"
#include "core/simd/small_products.h"

namespace talweg::models {
namespace {

using simd::Element;
using simd::lane_count;
using simd::multiply;
using simd::View;

/// product ← matrix·vector.
template <class Units, class V, class Matrix>
TALWEG_INLINE void apply(std::int64_t size, const View<Matrix>& matrix, V* vector, V* product) {
  multiply<Units>(size, 1, size, matrix, View<V>{vector, 1, 1}, View<V>{product, 1, 1});
}

/// G of the examples alone: their Gram matrix in the upper corner, zero elsewhere.
template <class Units, class V>
TALWEG_INLINE void start(const DecodingProblem<Element<V>>& p, std::int64_t first, std::int64_t valid, V* context,
                         const View<V>& gram) {
  for (std::int64_t r = 0; r < p.half; ++r)
    for (std::int64_t j = 0; j < p.examples; ++j)
      simd::load(p.context + first * p.context_prompt + r * p.context_row + j * p.context_column, p.context_prompt,
                 valid, context[r * p.examples + j]);
  simd::fill(gram.data, p.size() * p.size(), V{});
  const View<V> examples{context, p.examples, 1};
  multiply<Units>(p.half, p.half, p.examples, examples, examples.transposed(), gram);
}

template <class Units, class V>
TALWEG_INLINE void block(const DecodingProblem<Element<V>>& p, std::int64_t first, std::int64_t valid,
                         std::byte* memory) {
  const std::int64_t size = p.size(), half = p.half, d = half - 1;
  simd::Pieces<V> pieces(memory);
  V* const context = pieces.take(half * p.examples);
  const View<V> gram{pieces.take(size * size), size, 1};
  V* const token = pieces.take(size);
  V* const query = pieces.take(size);
  V* const seen = pieces.take(size);
  V* const change = pieces.take(size);
  const View<const Element<V>> value{p.value, size, 1}, key_query{p.key_query, size, 1};

  start<Units>(p, first, valid, context, gram);
  simd::fill(token, size, V{});
  token[size - 1] = V{} + Element<V>(1);
  for (std::int64_t step = 0; step < p.steps; ++step) {
    for (std::int64_t r = 0; r < size; ++r)
      for (std::int64_t c = 0; c < size; ++c) *gram.at(r, c) += token[r] * token[c];
    apply<Units>(size, key_query, token, query);
    apply<Units>(size, gram, query, seen);
    apply<Units>(size, value, seen, change);
    for (std::int64_t r = 0; r < size; ++r) token[r] += change[r] * p.scales[step];
    for (std::int64_t r = 0; r < d; ++r)
      simd::store(token[half + r], valid, p.weights + (step * d + r) * p.count + first);
    if (!p.projected) continue;
    simd::fill(token, half, V{});
    token[size - 1] = V{} + Element<V>(1);
  }
}

struct DecodePrompts {
  template <class Units, class T>
  TALWEG_INLINE static void run(const DecodingProblem<T>* p, std::int64_t first, std::int64_t last, std::byte* memory) {
    using V = simd::Vector<Units, T>;
    for (std::int64_t begin = first; begin < last; begin += lane_count<V>)
      block<Units, V>(*p, begin, std::min(lane_count<V>, last - begin), memory);
  }
};

}  // namespace

void decode_prompts(const DecodingProblem<double>& p, std::int64_t first, std::int64_t last, std::byte* memory) {
  simd::dispatch<DecodePrompts>(&p, first, last, memory);
}
void decode_prompts(const DecodingProblem<float>& p, std::int64_t first, std::int64_t last, std::byte* memory) {
  simd::dispatch<DecodePrompts>(&p, first, last, memory);
}

}  // namespace talweg::models
