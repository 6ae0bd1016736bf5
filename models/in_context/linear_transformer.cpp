#include "models/in_context/linear_transformer.h"

#include "core/libtorch.h"

namespace talweg::models {

void declare(config::Fields& f, LinearTransformerOptions& o) {
  declare(f, o.attention);
  f("decoding", o.decoding, "what a decoded token leaves in the prompt: its raw output, or its weight block alone");
}

LinearTransformer::LinearTransformer(const LinearTransformerOptions& options, const InContextShape& shape)
    : decoding_(options.decoding),
      attention_(register_module("attention", std::make_shared<AttentionWeights>(options.attention, shape.dimension))) {
}

at::Tensor LinearTransformer::answers(const Prompts& prompts, std::int64_t steps) {
  const at::Tensor value = attention_->value(), key_query = attention_->key_query();
  const Scales scales = attention_->scales(prompts.examples(), steps);
  const bool graph = at::GradMode::is_enabled() && (value.requires_grad() || key_query.requires_grad());
  return graph || !value.device().is_cpu() ? decode_by_tensors(value, key_query, prompts, scales, decoding_)
                                           : decode_in_lanes(value, key_query, prompts, scales, decoding_);
}

at::Tensor LinearTransformer::path_loss(const Prompts& prompts, const at::Tensor& path) {
  return teacher_forced_loss(attention_->value(), attention_->key_query(), prompts.context, path,
                             attention_->scales(prompts.examples(), path.size(1) - 1));
}

std::vector<std::pair<std::string, at::Tensor>> LinearTransformer::matrices() {
  return {{"V", attention_->value().detach()}, {"W", attention_->key_query().detach()}};
}

}  // namespace talweg::models
