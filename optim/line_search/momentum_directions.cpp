#include "optim/line_search/momentum_directions.h"

#include <cmath>

#include "core/libtorch.h"
#include "optim/line_search/saved_tensors.h"

namespace talweg::optim {

void declare(config::Fields& f, HeavyBallOptions& o) {
  f("momentum", o.momentum, "momentum mu", config::at_least(0), config::below(1));
}

HeavyBallDirection::HeavyBallDirection(const HeavyBallOptions& options, const std::vector<at::Tensor>& parameters)
    : options_(options), current_(copies_of(parameters)), previous_(copies_of(parameters)) {}

Direction HeavyBallDirection::propose(const std::vector<at::Tensor>& parameters,
                                      const std::vector<at::Tensor>& gradients) {
  at::_foreach_copy_(current_, parameters);
  return gradients;
}

void HeavyBallDirection::moved(const std::vector<at::Tensor>& parameters, const Direction&, double) {
  std::vector<at::Tensor> targets = parameters;
  at::_foreach_add_(targets, current_, options_.momentum);
  at::_foreach_add_(targets, previous_, -options_.momentum);
  std::swap(current_, previous_);
}

void HeavyBallDirection::save(OptimizerState& state) const {
  save_tensors(state, "previous", previous_);
}

void HeavyBallDirection::load(const OptimizerState& state) {
  load_tensors(state, "previous", previous_);
}

void declare(config::Fields&, NesterovOptions&) {}

NesterovDirection::NesterovDirection(const NesterovOptions&, const std::vector<at::Tensor>& parameters)
    : previous_(copies_of(parameters)) {}

Direction NesterovDirection::propose(const std::vector<at::Tensor>&, const std::vector<at::Tensor>& gradients) {
  return gradients;
}

void NesterovDirection::moved(const std::vector<at::Tensor>& parameters, const Direction&, double) {
  const double old = lambda_;
  lambda_ = (1 + std::sqrt(1 + 4 * old * old)) / 2;
  const double tau = (1 - old) / lambda_;
  std::vector<at::Tensor> reached = copies_of(parameters);
  std::vector<at::Tensor> targets = parameters;
  at::_foreach_mul_(targets, 1 - tau);
  at::_foreach_add_(targets, previous_, tau);
  previous_ = std::move(reached);
}

void NesterovDirection::save(OptimizerState& state) const {
  save_tensors(state, "previous", previous_);
  state.values["lambda"] = lambda_;
}

void NesterovDirection::load(const OptimizerState& state) {
  load_tensors(state, "previous", previous_);
  lambda_ = state.values.at("lambda").get<double>();
}

}  // namespace talweg::optim
