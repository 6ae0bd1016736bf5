#include "models/in_context/prompt_embedding.h"

#include "core/libtorch.h"

namespace talweg::models {

at::Tensor embed(const Prompts& prompts, const at::Tensor& weights) {
  const PromptLayout layout{prompts.dimension()};
  const at::Tensor lower = at::constant_pad_nd(weights.transpose(1, 2), {0, 0, 0, 1}, 1);
  const at::Tensor examples = at::constant_pad_nd(prompts.context, {0, 0, 0, layout.half()});
  return at::cat({examples, at::constant_pad_nd(lower, {0, 0, layout.half(), 0})}, 2);
}

at::Tensor initial_weights(const Prompts& prompts) {
  return at::zeros({prompts.count(), 1, prompts.dimension()}, prompts.context.options());
}

}  // namespace talweg::models
