#pragma once

#include "optim/subspace/adam_rule.h"
#include "optim/subspace/block_quantization.h"

namespace talweg::optim {

struct Adam8bitRuleOptions {
  AdamRuleOptions adam;
  std::int64_t block = 256;
  std::int64_t smallest = 4096;
};
void declare(config::Fields& f, Adam8bitRuleOptions& o);

/// Adam's direction with moments of 8 bits in blocks; small tensors keep full moments. Source: Dettmers et al. 2022.
class Adam8bitRule : public MomentRule {
 public:
  explicit Adam8bitRule(const Adam8bitRuleOptions& options) : options_(options), full_(options.adam) {}

  void add(const std::string& name, const at::Tensor& like) override;
  void advance() override;
  void negative_direction(std::size_t index, const at::Tensor& gradient, at::Tensor& direction) override;
  void update(const std::vector<std::size_t>& indices, const std::vector<at::Tensor>& parameters,
              const std::vector<at::Tensor>& gradients, double learning_rate, double weight_decay) override;
  void transport(std::size_t index, const BasisChange& change) override;
  void save(OptimizerState& state) const override;
  void load(const OptimizerState& state) override;

 private:
  /// The memory of one tensor: quantised, or the index it has in `full_`.
  struct Memory {
    std::string name;
    std::optional<BlockQuantized> first, second;
    std::size_t full = 0;
  };
  /// θ ← (1 − ηλ)θ − ηN with the moments read, advanced and written back.
  void step(Memory& memory, const at::Tensor& parameter, const at::Tensor& gradient, double learning_rate,
            double weight_decay);

  Adam8bitRuleOptions options_;
  AdamRule full_;
  std::size_t full_count_ = 0;
  std::vector<Memory> memories_;
  std::int64_t steps_ = 0;
  at::Tensor step_count_;
};

}  // namespace talweg::optim
