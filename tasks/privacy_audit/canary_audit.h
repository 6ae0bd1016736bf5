#pragma once

#include "core/task/capabilities.h"
#include "core/task/task.h"

namespace talweg::tasks {

struct CanaryAuditOptions {
  std::int64_t canaries = 1000;
  double length = 100;
  std::int64_t guesses = 200;
  double delta = 1e-5;
  double confidence = 0.95;
};
void declare(config::Fields& f, CanaryAuditOptions& o);
void validate(const CanaryAuditOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// The strongest adversary against private training, in one run: every example is a canary with a direction of its own,
/// loss B·ℓ·log(1 + exp(−θ_i)), whose gradient is longer than the clipping threshold for θ_i < log(ℓ/C); a coin
/// B ∈ {0, 1} decides whether it is in the data (an absent example has gradient 0). The auditor sees θ at the end,
/// guesses the largest coordinates to be members and the smallest not to be, and what it got right refutes every ε
/// below a bound. The bound must stay under the ε that the accountant certifies; when it does not, sampling, clipping,
/// noise or accounting is broken. Source: Steinke, Nasr and Jagielski 2023, with the gradient canaries of their §6.
class CanaryAudit : public Task, public PerExampleLosses {
 public:
  CanaryAudit(const CanaryAuditOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return *training_; }
  at::Tensor loss(const data::Batch& batch) override { return example_losses(batch).mean(); }
  at::Tensor example_losses(const data::Batch& batch) override;
  /// "correct" (share of the guesses), "epsilon_at_least" (with the confidence) and "loss".
  Metrics evaluate() override;
  /// Final coordinates of members and non-members.
  std::vector<plot::Figure> figures() override;

 private:
  CanaryAuditOptions options_;
  torch::nn::Module module_;
  at::Tensor point_;    // θ [canaries, 1], a table with a row per canary
  at::Tensor members_;  // B [canaries], bool, on the host
  std::unique_ptr<data::TensorDataset> training_;
};

}  // namespace talweg::tasks
