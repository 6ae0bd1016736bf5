#include "models/in_context/decoding.h"

#include "core/libtorch.h"
#include "models/in_context/prompt_embedding.h"

namespace talweg::models {

at::Tensor decode_by_tensors(const at::Tensor& value, const at::Tensor& key_query, const Prompts& prompts,
                             const Scales& scales, Decoding mode) {
  const PromptLayout layout{prompts.dimension()};
  const std::int64_t half = layout.half();
  const auto token_of = [&](const at::Tensor& weights) {  // (0, 0, w, 1) for [B, d]
    return at::constant_pad_nd(at::constant_pad_nd(weights, {0, 1}, 1), {half, 0});
  };
  const at::Tensor examples = prompts.context.matmul(prompts.context.transpose(1, 2));
  at::Tensor gram = at::constant_pad_nd(examples, {0, half, 0, half});
  at::Tensor token = token_of(initial_weights(prompts).squeeze(1));
  std::vector<at::Tensor> weights;
  for (const double scale : scales) {
    gram = gram + token.unsqueeze(2) * token.unsqueeze(1);
    const at::Tensor seen = gram.matmul(token.matmul(key_query.t()).unsqueeze(2)).squeeze(2);
    token = token + seen.matmul(value.t()) * scale;
    weights.push_back(token.narrow(1, layout.weight_row(), layout.dimension));
    if (mode == Decoding::projected) token = token_of(weights.back());
  }
  return at::stack(weights, 1);
}

}  // namespace talweg::models
