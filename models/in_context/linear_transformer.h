#pragma once

#include "models/in_context/attention_weights.h"
#include "models/in_context/decoding.h"
#include "models/in_context/in_context_model.h"

namespace talweg::models {

struct LinearTransformerOptions {
  AttentionOptions attention;
  Decoding decoding = Decoding::raw;
};
void declare(config::Fields& f, LinearTransformerOptions& o);

/// One layer of linear attention that thinks in steps: every decoded token holds a weight vector, and the layer sees
/// all of them. With V_31 = −η·I, W_13 = I, W_24 = −1 a token is one step of gradient descent on the prompt's own least
/// squares. Source: Huang, Wang and Lee 2025.
class LinearTransformer : public InContextModel {
 public:
  LinearTransformer(const LinearTransformerOptions& options, const InContextShape& shape);
  at::Tensor answers(const Prompts& prompts, std::int64_t steps) override;
  at::Tensor path_loss(const Prompts& prompts, const at::Tensor& path) override;
  std::vector<std::pair<std::string, at::Tensor>> matrices() override;
  std::vector<std::pair<std::string, double>> diagnostics() override { return attention_->diagnostics(); }

 private:
  Decoding decoding_;
  std::shared_ptr<AttentionWeights> attention_;
};

}  // namespace talweg::models
