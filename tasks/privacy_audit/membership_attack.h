#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "core/task/task.h"
#include "core/train/fit.h"

namespace talweg::tasks {

/// Outputs of a model for labelled examples.
struct Answers {
  at::Tensor logits;   ///< [n, classes]; their mean over the classes is 0, so that only their differences count
  at::Tensor targets;  ///< [n] int64, the true classes
};

/// For every class a perceptron from a model's logits to "was in its data" or "was out", learnt from the answers of
/// models whose members are known. Source: Shokri et al. 2017.
class MembershipAttack {
 public:
  /// `in`, `out`: what each such model answers to its members and to others. The perceptrons are drawn from the stream
  /// "attack initialisation".
  MembershipAttack(const std::vector<Answers>& in, const std::vector<Answers>& out, std::int64_t hidden,
                   const FitOptions& how, const TaskContext& context);

  Fit& fit() { return fit_; }
  const Fit& fit() const { return fit_; }
  /// Log-odds of "was in", [n].
  at::Tensor scores(const Answers& answers);
  /// Mean cross entropy on what it learns from.
  double loss();

 private:
  struct Perceptrons;
  class Learning : public Task {
   public:
    Learning(std::shared_ptr<Perceptrons> network, std::vector<at::Tensor> examples);
    torch::nn::Module& module() override;
    const data::Dataset& training_data() const override { return training_; }
    const data::TensorDataset& examples() const { return training_; }
    at::Tensor loss(const data::Batch& batch) override;
    Metrics evaluate() override { return {}; }

   private:
    std::shared_ptr<Perceptrons> network_;
    data::TensorDataset training_;
  };
  static std::shared_ptr<Perceptrons> make_network(std::int64_t classes, std::int64_t hidden,
                                                   const TaskContext& context);

  std::shared_ptr<Perceptrons> network_;
  Learning learning_;
  Fit fit_;
};

}  // namespace talweg::tasks
