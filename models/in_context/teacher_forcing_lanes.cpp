#include <ATen/Parallel.h>

#include "core/libtorch.h"
#include "core/simd/scratch.h"
#include "models/in_context/linear_attention.h"

namespace talweg::models {
namespace {

using simd::Lanes;
using simd::multiply;
using simd::multiply_add;
using simd::View;

/// The problem as plain memory.
template <class T>
struct TeacherForcingProblem {
  std::int64_t count, half, examples, steps;  // B, d + 1, n, k
  const T *value, *key_query;                 // V, W, row by row
  const T *context, *path;
  std::int64_t context_prompt, context_row, context_column;  // strides
  std::int64_t path_prompt, path_step, path_row;
  const T* scales;  // 1/λ of each step

  std::int64_t size() const { return 2 * half; }  // D
};

/// Working memory of one block of prompts, every matrix a lane per prompt.
template <class T>
struct Workspace {
  Lanes<T>*context, *gram, *tokens, *queries, *attended, *residual, *back, *scores;
  Lanes<T>*value_gradient, *key_query_gradient;  // sums over blocks

  static std::int64_t needed(const TeacherForcingProblem<T>& p) {
    return p.half * (p.examples + p.half + p.steps + 1) + 4 * p.steps * p.size() + p.steps * p.steps +
           p.size() * (p.size() + p.half);
  }
  Workspace(const TeacherForcingProblem<T>& p, Lanes<T>* memory) {
    simd::Pieces<T> pieces(memory);
    context = pieces.take(p.half * p.examples);
    gram = pieces.take(p.half * p.half);
    tokens = pieces.take(p.half * (p.steps + 1));
    for (Lanes<T>** matrix : {&queries, &attended, &residual, &back}) *matrix = pieces.take(p.steps * p.size());
    scores = pieces.take(p.steps * p.steps);
    value_gradient = pieces.take(p.size() * p.size());
    key_query_gradient = pieces.take(p.size() * p.half);
  }
};

template <class T>
TALWEG_INLINE void load_block(const TeacherForcingProblem<T>& p, std::int64_t first, std::int64_t valid,
                              const Workspace<T>& w) {
  for (std::int64_t r = 0; r < p.half; ++r)
    for (std::int64_t j = 0; j < p.examples; ++j)
      simd::load(p.context + first * p.context_prompt + r * p.context_row + j * p.context_column, p.context_prompt,
                 valid, w.context[r * p.examples + j]);
  for (std::int64_t i = 0; i <= p.steps; ++i) {
    for (std::int64_t r = 0; r + 1 < p.half; ++r)
      simd::load(p.path + first * p.path_prompt + i * p.path_step + r * p.path_row, p.path_prompt, valid,
                 w.tokens[i * p.half + r]);
    w.tokens[i * p.half + p.half - 1] = Lanes<T>{} + T(1);
  }
}

/// G_i·a_i/λ_i for the rows a_i [k, D]: the upper half through the Gram matrix, the lower half through the tokens so
/// far.
template <class T>
TALWEG_INLINE void attend(const TeacherForcingProblem<T>& p, const Workspace<T>& w, Lanes<T>* a, Lanes<T>* result) {
  const std::int64_t half = p.half, size = p.size(), steps = p.steps;
  const View<Lanes<T>> from{a, size, 1}, to{result, size, 1}, tokens{w.tokens, half, 1};
  multiply<T>(steps, half, half, from, View<Lanes<T>>{w.gram, half, 1}, to);
  constexpr std::int64_t kRows = 4;
  for (std::int64_t i = 0; i < steps; i += kRows) {
    const std::int64_t rows = std::min(kRows, steps - i), seen = i + rows;
    const View<Lanes<T>> scores{w.scores, seen, 1};
    multiply<T>(rows, seen, half, View<Lanes<T>>{from.at(i, half), size, 1}, tokens.transposed(), scores);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t later = i + r + 1; later < seen; ++later) *scores.at(r, later) = Lanes<T>{};
    multiply<T>(rows, half, seen, scores, tokens, View<Lanes<T>>{to.at(i, half), size, 1});
  }
  for (std::int64_t i = 0; i < steps; ++i)
    for (std::int64_t c = 0; c < size; ++c) *to.at(i, c) *= p.scales[i];
}

template <class T>
TALWEG_INLINE double block(const TeacherForcingProblem<T>& p, std::int64_t first, std::int64_t valid,
                           const Workspace<T>& w, bool with_gradients) {
  const std::int64_t half = p.half, size = p.size(), steps = p.steps;
  load_block(p, first, valid, w);
  const View<Lanes<T>> context{w.context, p.examples, 1}, tokens{w.tokens, half, 1};
  multiply<T>(half, half, p.examples, context, context.transposed(), View<Lanes<T>>{w.gram, half, 1});

  const View<const T> lower_columns{p.key_query + half, size, 1}, value{p.value, size, 1};
  const View<Lanes<T>> queries{w.queries, size, 1}, attended{w.attended, size, 1}, residual{w.residual, size, 1};
  multiply<T>(steps, size, half, tokens, lower_columns.transposed(), queries);
  attend(p, w, w.queries, w.attended);
  multiply<T>(steps, size, size, attended, value.transposed(), residual);

  Lanes<T> squares{};
  for (std::int64_t i = 0; i < steps; ++i) {
    for (std::int64_t r = 0; r < half; ++r) *residual.at(i, half + r) += *tokens.at(i, r) - *tokens.at(i + 1, r);
    for (std::int64_t r = 0; r < size; ++r) {
      for (std::int64_t b = valid; b < simd::lane_count<T>; ++b) (*residual.at(i, r))[b] = 0;  // lanes without a prompt
      squares += *residual.at(i, r) * *residual.at(i, r);
    }
  }
  if (with_gradients) {
    const View<Lanes<T>> back{w.back, size, 1};
    multiply_add<T>(size, size, steps, residual.transposed(), attended, View<Lanes<T>>{w.value_gradient, size, 1});
    multiply<T>(steps, size, size, residual, value, back);
    attend(p, w, w.back, w.queries);
    multiply_add<T>(size, half, steps, queries.transposed(), tokens, View<Lanes<T>>{w.key_query_gradient, half, 1});
  }
  return simd::sum<T>(squares);
}

/// Prompts [first, last): the sum of squared residuals, and the sums of both gradients, [D, D] and [D, d + 1].
template <class T>
TALWEG_INLINE double range(const TeacherForcingProblem<T>& p, std::int64_t first, std::int64_t last, Lanes<T>* memory,
                           double* gradients) {
  const Workspace<T> w(p, memory);
  const std::int64_t numbers = p.size() * (p.size() + p.half);
  double total = 0;
  if (gradients) std::fill(w.value_gradient, w.value_gradient + numbers, Lanes<T>{});
  for (std::int64_t begin = first; begin < last; begin += simd::lane_count<T>) {
    const std::int64_t valid = std::min(simd::lane_count<T>, last - begin);
    total += block(p, begin, valid, w, gradients != nullptr);
  }
  if (gradients)
    for (std::int64_t i = 0; i < numbers; ++i) gradients[i] = simd::sum<T>(w.value_gradient[i]);
  return total;
}

TALWEG_VECTOR_CLONES double range_of(const TeacherForcingProblem<double>& p, std::int64_t first, std::int64_t last,
                                     Lanes<double>* memory, double* gradients) {
  return range(p, first, last, memory, gradients);
}
TALWEG_VECTOR_CLONES double range_of(const TeacherForcingProblem<float>& p, std::int64_t first, std::int64_t last,
                                     Lanes<float>* memory, double* gradients) {
  return range(p, first, last, memory, gradients);
}

/// Prompts whose sums are formed by one thread; the sums of the parts are added in order.
constexpr std::int64_t kPart = 64;

template <class T>
LossAndGradients evaluate(const at::Tensor& value, const at::Tensor& key_query, const at::Tensor& context,
                          const at::Tensor& path, const Scales& scales, bool with_gradients) {
  const at::Tensor v = value.contiguous(), w = key_query.contiguous();
  const std::vector<T> scale(scales.begin(), scales.end());
  const TeacherForcingProblem<T> p{path.size(0),
                                   context.size(1),
                                   context.size(2),
                                   path.size(1) - 1,
                                   v.const_data_ptr<T>(),
                                   w.const_data_ptr<T>(),
                                   context.const_data_ptr<T>(),
                                   path.const_data_ptr<T>(),
                                   context.stride(0),
                                   context.stride(1),
                                   context.stride(2),
                                   path.stride(0),
                                   path.stride(1),
                                   path.stride(2),
                                   scale.data()};
  const std::int64_t parts = (p.count + kPart - 1) / kPart, numbers = p.size() * (p.size() + p.half);
  thread_local std::vector<double> sums;
  sums.resize(static_cast<std::size_t>(parts * (1 + (with_gradients ? numbers : 0))));
  double* const losses = sums.data();
  double* const gradients = with_gradients ? losses + parts : nullptr;
  at::parallel_for(0, parts, 1, [&](std::int64_t begin, std::int64_t end) {
    thread_local simd::Scratch<T> scratch;
    Lanes<T>* memory = scratch.reserve(Workspace<T>::needed(p));
    for (std::int64_t part = begin; part < end; ++part)
      losses[part] = range_of(p, part * kPart, std::min(p.count, (part + 1) * kPart), memory,
                              gradients ? gradients + part * numbers : nullptr);
  });
  const double share = 1.0 / static_cast<double>(p.count);
  double loss = 0;
  for (std::int64_t part = 0; part < parts; ++part) loss += losses[part];
  LossAndGradients result;
  result.loss = at::scalar_tensor(0.5 * share * loss, value.options().requires_grad(false));
  if (!with_gradients) return result;
  for (std::int64_t part = 1; part < parts; ++part)
    for (std::int64_t i = 0; i < numbers; ++i) gradients[i] += gradients[part * numbers + i];
  result.value_gradient = at::empty({p.size(), p.size()}, value.options().requires_grad(false));
  result.key_query_gradient = at::zeros({p.size(), p.size()}, value.options().requires_grad(false));
  T* const v_out = result.value_gradient.template mutable_data_ptr<T>();
  T* const w_out = result.key_query_gradient.template mutable_data_ptr<T>();
  for (std::int64_t i = 0; i < p.size() * p.size(); ++i) v_out[i] = static_cast<T>(gradients[i] * share);
  const double* lower = gradients + p.size() * p.size();
  for (std::int64_t r = 0; r < p.size(); ++r)
    for (std::int64_t c = 0; c < p.half; ++c)
      w_out[r * p.size() + p.half + c] = static_cast<T>(lower[r * p.half + c] * share);
  return result;
}

}  // namespace

LossAndGradients teacher_forced_in_lanes(const at::Tensor& value, const at::Tensor& key_query,
                                         const at::Tensor& context, const at::Tensor& path, const Scales& scales,
                                         bool with_gradients) {
  TORCH_CHECK(value.device().is_cpu(), "the lanes are those of a CPU");
  return value.scalar_type() == at::kDouble ? evaluate<double>(value, key_query, context, path, scales, with_gradients)
                                            : evaluate<float>(value, key_query, context, path, scales, with_gradients);
}

}  // namespace talweg::models
