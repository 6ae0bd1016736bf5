#pragma once

#include "models/in_context/attention_weights.h"
#include "models/in_context/in_context_model.h"

namespace talweg::models {

struct WeightLoopOptions {
  AttentionOptions attention;
};
void declare(config::Fields& f, WeightLoopOptions& o);

/// A looped transformer in weight space: the layer of LinearTransformer, whose output replaces the last column instead
/// of joining the prompt. With the weights of gradient descent both are the same. Source: ours, after Huang, Wang and
/// Lee 2025.
class WeightLoop : public InContextModel {
 public:
  WeightLoop(const WeightLoopOptions& options, const InContextShape& shape);
  at::Tensor answers(const Prompts& prompts, std::int64_t steps) override;
  std::vector<std::pair<std::string, at::Tensor>> matrices() override;
  std::vector<std::pair<std::string, double>> diagnostics() override { return attention_->diagnostics(); }

 private:
  std::shared_ptr<AttentionWeights> attention_;
};

}  // namespace talweg::models
