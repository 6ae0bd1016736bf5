#include "models/in_context/softmax_transformer.h"

#include "core/libtorch.h"
#include "models/in_context/prompt_embedding.h"

namespace talweg::models {

void declare(config::Fields& f, SoftmaxTransformerOptions& o) {
  declare(f, o.stack);
}

void validate(const SoftmaxTransformerOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  validate(o.stack, where, diagnostics);
}

SoftmaxTransformer::SoftmaxTransformer(const SoftmaxTransformerOptions& options, const InContextShape& shape)
    : steps_(shape.steps),
      stack_(register_module("stack",
                             std::make_shared<CausalTransformer>(options.stack, PromptLayout{shape.dimension}.size(),
                                                                 shape.dimension, shape.examples + shape.steps))) {}

at::Tensor SoftmaxTransformer::answers(const Prompts& prompts, std::int64_t steps) {
  at::Tensor weights = initial_weights(prompts);
  for (std::int64_t i = 0; i < steps; ++i) {
    const at::Tensor outputs = stack_->forward(embed(prompts, weights).transpose(1, 2));
    weights = at::cat({weights, outputs.narrow(1, outputs.size(1) - 1, 1)}, 1);
  }
  return weights.narrow(1, 1, steps);
}

at::Tensor SoftmaxTransformer::path_loss(const Prompts& prompts, const at::Tensor& path) {
  const std::int64_t steps = path.size(1) - 1;
  const at::Tensor tokens = embed(prompts, path.narrow(1, 0, steps)).transpose(1, 2);
  const at::Tensor outputs = stack_->forward(tokens).narrow(1, prompts.examples(), steps);
  return 0.5 * (outputs - path.narrow(1, 1, steps)).square().sum({1, 2}).mean();
}

LabelTransformer::LabelTransformer(const SoftmaxTransformerOptions& options, const InContextShape& shape)
    : stack_(register_module(
          "stack", std::make_shared<CausalTransformer>(options.stack, shape.dimension, 1, 2 * shape.examples + 1))) {}

at::Tensor LabelTransformer::labels(const Prompts& prompts) {
  const std::int64_t d = prompts.dimension(), n = prompts.examples();
  const at::Tensor inputs = prompts.inputs().transpose(1, 2);                                    // [B, n, d]
  const at::Tensor labels = at::constant_pad_nd(prompts.labels().unsqueeze(2), {0, d - 1});      // [B, n, d]
  const at::Tensor pairs = at::stack({inputs, labels}, 2).reshape({prompts.count(), 2 * n, d});  // x_1, y_1, x_2, …
  const at::Tensor outputs = stack_->forward(at::cat({pairs, prompts.query.unsqueeze(1)}, 1)).squeeze(2);
  return outputs.slice(1, 0, 2 * n + 1, 2);
}

at::Tensor LabelTransformer::answers(const Prompts& prompts, std::int64_t steps) {
  TORCH_CHECK_VALUE(steps == 1, "this model answers at once");
  return labels(prompts).narrow(1, prompts.examples(), 1).unsqueeze(2);
}

at::Tensor LabelTransformer::answers_of(const at::Tensor& weights, const Prompts& prompts) const {
  return weights.matmul(prompts.query.unsqueeze(2));
}

at::Tensor LabelTransformer::path_loss(const Prompts& prompts, const at::Tensor& path) {
  const at::Tensor label = answers_of(path.narrow(1, 1, 1), prompts).squeeze(2);
  return 0.5 * at::mse_loss(labels(prompts), at::cat({prompts.labels(), label}, 1));
}

}  // namespace talweg::models
