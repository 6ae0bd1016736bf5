#pragma once

#include <torch/optim/lbfgs.h>

#include "core/optimizer/optimizer.h"

namespace talweg::optim {

enum class LbfgsLineSearch { none, strong_wolfe };
inline std::vector<std::pair<std::string, LbfgsLineSearch>> choices(LbfgsLineSearch) {
  return {{"none", LbfgsLineSearch::none}, {"strong_wolfe", LbfgsLineSearch::strong_wolfe}};
}

struct LbfgsOptions {
  double learning_rate = 1;
  std::int64_t iterations = 20;
  std::int64_t history = 10;
  double gradient_tolerance = 1e-7;
  double change_tolerance = 1e-9;
  LbfgsLineSearch line_search = LbfgsLineSearch::strong_wolfe;
};
void declare(config::Fields& f, LbfgsOptions& o);

/// Limited-memory BFGS, LibTorch's own. One step makes up to `iterations` iterations on the frozen batch.
/// A step that ends at non-finite parameters is undone and its history dropped (StepStatus::search_failed).
/// Source: Nocedal and Wright, Numerical Optimization, algorithm 7.5; strong Wolfe search after minFunc.
class Lbfgs : public Optimizer {
 public:
  Lbfgs(ParameterList parameters, const LbfgsOptions& options);
  Lbfgs(const std::vector<at::Tensor>& parameters, const LbfgsOptions& options)
      : Lbfgs(name_parameters(parameters), options) {}

  using Optimizer::step;
  StepReport step(Objective& objective) override;
  OptimizerState state_dict() const override;
  void load_state_dict(const OptimizerState& state) override;

 private:
  std::unique_ptr<torch::optim::LBFGS> make_inner() const;
  torch::optim::LBFGSParamState* inner_state() const;

  LbfgsOptions options_;
  std::unique_ptr<torch::optim::LBFGS> inner_;
};

}  // namespace talweg::optim
