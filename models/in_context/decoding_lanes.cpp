#include <ATen/Parallel.h>

#include "core/libtorch.h"
#include "core/simd/scratch.h"
#include "models/in_context/decoding.h"
#include "models/in_context/decoding_kernel.h"
#include "models/in_context/prompt_embedding.h"

namespace talweg::models {
namespace {

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
  constexpr std::int64_t kGroup = simd::kWidestVector / sizeof(T);  // prompts of whole vectors, whatever their width
  at::parallel_for(0, (p.count + kGroup - 1) / kGroup, 8, [&](std::int64_t begin, std::int64_t end) {
    thread_local simd::Scratch scratch;
    decode_prompts(p, begin * kGroup, std::min(p.count, end * kGroup), scratch.reserve(p.vectors_needed()));
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
