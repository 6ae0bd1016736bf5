#include "models/in_context/weight_loop.h"

#include "core/libtorch.h"
#include "models/in_context/prompt_embedding.h"

namespace talweg::models {

void declare(config::Fields& f, WeightLoopOptions& o) {
  declare(f, o.attention);
}

WeightLoop::WeightLoop(const WeightLoopOptions& options, const InContextShape& shape)
    : attention_(register_module("attention", std::make_shared<AttentionWeights>(options.attention, shape.dimension))) {
}

at::Tensor WeightLoop::answers(const Prompts& prompts, std::int64_t steps) {
  const PromptLayout layout{prompts.dimension()};
  const at::Tensor value = attention_->value(), key_query = attention_->key_query();
  const double scale = attention_->scale(prompts.examples(), prompts.examples() + 1);
  const at::Tensor examples = at::constant_pad_nd(prompts.context.matmul(prompts.context.transpose(1, 2)),
                                                  {0, layout.half(), 0, layout.half()});
  at::Tensor token = embed({prompts.context.narrow(2, 0, 0), prompts.query}, initial_weights(prompts)).squeeze(2);
  std::vector<at::Tensor> weights;
  for (std::int64_t i = 0; i < steps; ++i) {
    const at::Tensor query = token.matmul(key_query.t());
    const at::Tensor own = token * (token * query).sum(1, true);
    const at::Tensor seen = examples.matmul(query.unsqueeze(2)).squeeze(2) + own;
    token = token + seen.matmul(value.t()) * scale;
    weights.push_back(token.narrow(1, layout.weight_row(), layout.dimension));
  }
  return at::stack(weights, 1);
}

std::vector<std::pair<std::string, at::Tensor>> WeightLoop::matrices() {
  return {{"V", attention_->value().detach()}, {"W", attention_->key_query().detach()}};
}

}  // namespace talweg::models
