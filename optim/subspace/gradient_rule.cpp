#include "optim/subspace/gradient_rule.h"

#include "core/libtorch.h"
#include "core/optimizer/saved_count.h"
#include "optim/subspace/adam_8bit_rule.h"
#include "optim/subspace/adam_rule.h"

namespace talweg::optim {

void GradientRule::negative_direction(std::size_t, const at::Tensor& gradient, at::Tensor& direction) {
  at::neg_out(direction, gradient);
}

void GradientRule::update(const std::vector<std::size_t>&, const std::vector<at::Tensor>& parameters,
                          const std::vector<at::Tensor>& gradients, double learning_rate, double weight_decay) {
  if (parameters.empty()) return;
  if (weight_decay != 0) at::_foreach_mul_(parameters, 1 - learning_rate * weight_decay);
  at::_foreach_add_(parameters, gradients, -learning_rate);
}

void GradientRule::load(const OptimizerState& state) {
  steps_ = saved_steps(state);
}

void register_moment_rules() {
  static const bool once = [] {
    auto& registry = config::Registry<MomentRuleKind>::instance();
    registry.add<AdamRuleOptions>("adam", "Adam's moments", "Kingma and Ba 2015",
                                  [](const AdamRuleOptions& o) { return std::make_unique<AdamRule>(o); });
    registry.add<Adam8bitRuleOptions>("adam_8bit", "Adam's moments in 8 bits, block by block", "Dettmers et al. 2022",
                                      [](const Adam8bitRuleOptions& o) { return std::make_unique<Adam8bitRule>(o); });
    registry.add<GradientRuleOptions>("gradient", "the gradient as it is", "ours",
                                      [](const GradientRuleOptions&) { return std::make_unique<GradientRule>(); });
    return true;
  }();
  (void)once;
}

}  // namespace talweg::optim
