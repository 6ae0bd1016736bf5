#include <ATen/Parallel.h>

#include "core/libtorch.h"
#include "core/simd/scratch.h"
#include "models/in_context/linear_attention.h"
#include "models/in_context/teacher_forcing_kernel.h"

namespace talweg::models {
namespace {

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
    thread_local simd::Scratch scratch;
    std::byte* memory = scratch.reserve(p.vectors_needed());
    for (std::int64_t part = begin; part < end; ++part)
      losses[part] = teacher_forced_sums(p, part * kPart, std::min(p.count, (part + 1) * kPart), memory,
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
