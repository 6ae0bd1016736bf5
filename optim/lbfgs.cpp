#include "optim/lbfgs.h"

#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::optim {
namespace {

const char* const kLists[] = {"directions", "steps", "inverse_curvatures"};

std::deque<at::Tensor>& list_of(torch::optim::LBFGSParamState& state, int which) {
  return which == 0 ? state.old_dirs() : which == 1 ? state.old_stps() : state.ro();
}

/// JSON has no infinity and no NaN; hexadecimal text keeps every bit.
std::string exact_text(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%a", value);
  return text;
}

}  // namespace

void declare(config::Fields& f, LbfgsOptions& o) {
  f("learning_rate", o.learning_rate, "first trial of the line search, or the step without one", config::above(0));
  f("iterations", o.iterations, "iterations per step on the same batch", config::at_least(1));
  f("history", o.history, "pairs of steps and gradient changes kept (m)", config::at_least(1));
  f("gradient_tolerance", o.gradient_tolerance, "stop when the largest gradient entry is below", config::at_least(0));
  f("change_tolerance", o.change_tolerance, "stop when loss or parameters change less", config::at_least(0));
  f("line_search", o.line_search, "how the step along the direction is found");
}

Lbfgs::Lbfgs(ParameterList parameters, const LbfgsOptions& options)
    : Optimizer(std::move(parameters), options.learning_rate), options_(options), inner_(make_inner()) {}

std::unique_ptr<torch::optim::LBFGS> Lbfgs::make_inner() const {
  auto options = torch::optim::LBFGSOptions(options_.learning_rate)
                     .max_iter(options_.iterations)
                     .tolerance_grad(options_.gradient_tolerance)
                     .tolerance_change(options_.change_tolerance)
                     .history_size(options_.history);
  if (options_.line_search == LbfgsLineSearch::strong_wolfe) options.line_search_fn("strong_wolfe");
  return std::make_unique<torch::optim::LBFGS>(tensors(), options);
}

torch::optim::LBFGSParamState* Lbfgs::inner_state() const {
  auto& map = inner_->state();
  const auto found = map.find(tensors().front().unsafeGetTensorImpl());
  return found == map.end() ? nullptr : static_cast<torch::optim::LBFGSParamState*>(found->second.get());
}

StepReport Lbfgs::step(Objective& objective) {
  StepReport report;
  inner_->param_groups().front().options().set_lr(learning_rate());
  std::vector<at::Tensor> before;
  {
    torch::NoGradGuard no_grad;
    for (const at::Tensor& tensor : tensors()) before.push_back(tensor.detach().clone());
  }
  bool first_usable = true;
  const auto closure = [&] {
    const Evaluation evaluation = objective.gradient();
    ++report.forwards;
    ++report.backwards;
    if (!report.loss.defined()) {
      report.loss = evaluation.value;
      first_usable = evaluation.usable;
    }
    gradients();
    return evaluation.value;
  };
  // The first evaluation decides whether there is a step at all; LBFGS would repeat it, so it is handed over.
  at::Tensor first = closure();
  if (!first_usable) return report.skipped();
  bool handed_over = false;
  inner_->step([&] {
    if (!handed_over) {
      handed_over = true;
      return first;
    }
    return closure();
  });

  torch::NoGradGuard no_grad;
  at::Tensor total = at::zeros({}, tensors().front().options().dtype(at::kDouble));
  for (const at::Tensor& tensor : tensors()) total += tensor.sum(at::kDouble);
  if (!std::isfinite(total.item<double>())) {
    for (std::size_t i = 0; i < before.size(); ++i) tensors()[i].copy_(before[i]);
    inner_ = make_inner();
    report.status = StepStatus::search_failed;
    return report;
  }
  const auto* state = inner_state();
  report.step_size = state ? state->t() : 0;
  return report;
}

OptimizerState Lbfgs::state_dict() const {
  OptimizerState result;
  auto* state = inner_state();
  if (!state || !state->d().defined()) return result;
  result.tensors.emplace_back("direction", state->d());
  result.tensors.emplace_back("initial_inverse_hessian", state->H_diag());
  result.tensors.emplace_back("previous_gradient", state->prev_flat_grad());
  for (int which = 0; which < 3; ++which) {
    const auto& list = list_of(*state, which);
    for (std::size_t i = 0; i < list.size(); ++i)
      result.tensors.emplace_back(std::string(kLists[which]) + "/" + std::to_string(i), list[i]);
  }
  result.values = {{"pairs", state->ro().size()},
                   {"evaluations", state->func_evals()},
                   {"iterations", state->n_iter()},
                   {"step_size", exact_text(state->t())},
                   {"previous_loss", exact_text(state->prev_loss())}};
  return result;
}

void Lbfgs::load_state_dict(const OptimizerState& saved) {
  inner_ = make_inner();
  if (!saved.values.contains("pairs")) return;  // saved before the first step
  const at::Tensor& parameter = tensors().front();
  std::int64_t size = 0;
  for (const at::Tensor& tensor : tensors()) size += tensor.numel();
  const at::Tensor flat = at::empty({size}, parameter.options());
  const at::Tensor scalar = at::empty({}, parameter.options());
  const auto take = [&](const std::string& name, const at::Tensor& like) {
    return saved.require(name, like).to(parameter.device(), parameter.scalar_type(), false, /*copy=*/true);
  };
  auto state = std::make_unique<torch::optim::LBFGSParamState>();
  state->d(take("direction", flat));
  state->H_diag(take("initial_inverse_hessian", scalar));
  state->prev_flat_grad(take("previous_gradient", flat));
  const auto pairs = saved.values.at("pairs").get<std::size_t>();
  for (int which = 0; which < 3; ++which)
    for (std::size_t i = 0; i < pairs; ++i)
      list_of(*state, which)
          .push_back(take(std::string(kLists[which]) + "/" + std::to_string(i), which == 2 ? scalar : flat));
  state->func_evals(saved.values.at("evaluations").get<std::int64_t>());
  state->n_iter(saved.values.at("iterations").get<std::int64_t>());
  state->t(std::strtod(saved.values.at("step_size").get<std::string>().c_str(), nullptr));
  state->prev_loss(std::strtod(saved.values.at("previous_loss").get<std::string>().c_str(), nullptr));
  inner_->state()[parameter.unsafeGetTensorImpl()] = std::move(state);
}

}  // namespace talweg::optim
