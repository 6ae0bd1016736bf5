#include "models/in_context/teacher_forcing_kernel.h"

#include "core/simd/scratch.h"
#include "core/simd/small_products.h"

namespace talweg::models {
namespace {

using simd::Element;
using simd::lane_count;
using simd::multiply;
using simd::multiply_add;
using simd::View;

template <class V>
using Problem = TeacherForcingProblem<Element<V>>;

/// Working memory of one block of prompts, every matrix a lane per prompt.
template <class V>
struct Workspace {
  V *context, *gram, *tokens, *queries, *attended, *residual, *back, *scores;
  V *value_gradient, *key_query_gradient;  // sums over blocks

  TALWEG_INLINE Workspace(const Problem<V>& p, std::byte* memory) {
    simd::Pieces<V> pieces(memory);
    context = pieces.take(p.half * p.examples);
    gram = pieces.take(p.half * p.half);
    tokens = pieces.take(p.half * (p.steps + 1));
    for (V** matrix : {&queries, &attended, &residual, &back}) *matrix = pieces.take(p.steps * p.size());
    scores = pieces.take(p.steps * p.steps);
    value_gradient = pieces.take(p.size() * p.size());
    key_query_gradient = pieces.take(p.size() * p.half);
  }
};

template <class V>
TALWEG_INLINE void load_block(const Problem<V>& p, std::int64_t first, std::int64_t valid, const Workspace<V>& w) {
  for (std::int64_t r = 0; r < p.half; ++r)
    for (std::int64_t j = 0; j < p.examples; ++j)
      simd::load(p.context + first * p.context_prompt + r * p.context_row + j * p.context_column, p.context_prompt,
                 valid, w.context[r * p.examples + j]);
  for (std::int64_t i = 0; i <= p.steps; ++i) {
    for (std::int64_t r = 0; r + 1 < p.half; ++r)
      simd::load(p.path + first * p.path_prompt + i * p.path_step + r * p.path_row, p.path_prompt, valid,
                 w.tokens[i * p.half + r]);
    w.tokens[i * p.half + p.half - 1] = V{} + Element<V>(1);
  }
}

/// G_i·a_i/λ_i for the rows a_i [k, D]: the upper half through the Gram matrix, the lower half through the tokens so
/// far.
template <class Units, class V>
TALWEG_INLINE void attend(const Problem<V>& p, const Workspace<V>& w, V* a, V* result) {
  const std::int64_t half = p.half, size = p.size(), steps = p.steps;
  const View<V> from{a, size, 1}, to{result, size, 1}, tokens{w.tokens, half, 1};
  multiply<Units>(steps, half, half, from, View<V>{w.gram, half, 1}, to);
  constexpr std::int64_t kRows = 4;
  for (std::int64_t i = 0; i < steps; i += kRows) {
    const std::int64_t rows = std::min(kRows, steps - i), seen = i + rows;
    const View<V> scores{w.scores, seen, 1};
    multiply<Units>(rows, seen, half, View<V>{from.at(i, half), size, 1}, tokens.transposed(), scores);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t later = i + r + 1; later < seen; ++later) *scores.at(r, later) = V{};
    multiply<Units>(rows, half, seen, scores, tokens, View<V>{to.at(i, half), size, 1});
  }
  for (std::int64_t i = 0; i < steps; ++i)
    for (std::int64_t c = 0; c < size; ++c) *to.at(i, c) *= p.scales[i];
}

template <class Units, class V>
TALWEG_INLINE double block(const Problem<V>& p, std::int64_t first, std::int64_t valid, const Workspace<V>& w,
                           bool with_gradients) {
  const std::int64_t half = p.half, size = p.size(), steps = p.steps;
  load_block(p, first, valid, w);
  const View<V> context{w.context, p.examples, 1}, tokens{w.tokens, half, 1};
  multiply<Units>(half, half, p.examples, context, context.transposed(), View<V>{w.gram, half, 1});

  const View<const Element<V>> lower_columns{p.key_query + half, size, 1}, value{p.value, size, 1};
  const View<V> queries{w.queries, size, 1}, attended{w.attended, size, 1}, residual{w.residual, size, 1};
  multiply<Units>(steps, size, half, tokens, lower_columns.transposed(), queries);
  attend<Units>(p, w, w.queries, w.attended);
  multiply<Units>(steps, size, size, attended, value.transposed(), residual);

  V squares{};
  for (std::int64_t i = 0; i < steps; ++i) {
    for (std::int64_t r = 0; r < half; ++r) *residual.at(i, half + r) += *tokens.at(i, r) - *tokens.at(i + 1, r);
    for (std::int64_t r = 0; r < size; ++r) {
      for (std::int64_t b = valid; b < lane_count<V>; ++b) (*residual.at(i, r))[b] = 0;  // lanes without a prompt
      squares += *residual.at(i, r) * *residual.at(i, r);
    }
  }
  if (with_gradients) {
    const View<V> back{w.back, size, 1};
    multiply_add<Units>(size, size, steps, residual.transposed(), attended, View<V>{w.value_gradient, size, 1});
    multiply<Units>(steps, size, size, residual, value, back);
    attend<Units>(p, w, w.back, w.queries);
    multiply_add<Units>(size, half, steps, queries.transposed(), tokens, View<V>{w.key_query_gradient, half, 1});
  }
  return simd::sum(squares);
}

struct TeacherForcedSums {
  template <class Units, class T>
  TALWEG_INLINE static double run(const TeacherForcingProblem<T>* p, std::int64_t first, std::int64_t last,
                                  std::byte* memory, double* gradients) {
    using V = simd::Vector<Units, T>;
    const Workspace<V> w(*p, memory);
    const std::int64_t numbers = p->size() * (p->size() + p->half);
    double total = 0;
    if (gradients) simd::fill(w.value_gradient, numbers, V{});
    for (std::int64_t begin = first; begin < last; begin += lane_count<V>) {
      const std::int64_t valid = std::min(lane_count<V>, last - begin);
      total += block<Units>(*p, begin, valid, w, gradients != nullptr);
    }
    if (gradients)
      for (std::int64_t i = 0; i < numbers; ++i) gradients[i] = simd::sum(w.value_gradient[i]);
    return total;
  }
};

}  // namespace

double teacher_forced_sums(const TeacherForcingProblem<double>& p, std::int64_t first, std::int64_t last,
                           std::byte* memory, double* gradients) {
  return simd::dispatch<TeacherForcedSums>(&p, first, last, memory, gradients);
}
double teacher_forced_sums(const TeacherForcingProblem<float>& p, std::int64_t first, std::int64_t last,
                           std::byte* memory, double* gradients) {
  return simd::dispatch<TeacherForcedSums>(&p, first, last, memory, gradients);
}

}  // namespace talweg::models
