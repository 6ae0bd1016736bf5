#include "optim/line_search/lbfgs_direction.h"

#include <vector>

#include "core/device/host_read.h"
#include "core/libtorch.h"

namespace talweg::optim {
namespace {

at::Tensor flatten(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> flat;
  flat.reserve(tensors.size());
  for (const at::Tensor& tensor : tensors) flat.push_back(tensor.detach().reshape(-1));
  return flat.size() == 1 ? flat.front().clone() : at::cat(flat);
}

}  // namespace

void declare(config::Fields& f, LbfgsDirectionOptions& o) {
  f("history", o.history, "pairs of steps and gradient changes that are remembered", config::at_least(1));
}

LbfgsDirection::LbfgsDirection(const LbfgsDirectionOptions& options, const std::vector<at::Tensor>& parameters)
    : options_(options), device_(parameters.front().device()) {}

void LbfgsDirection::remember(const at::Tensor& gradient) {
  if (!moved_.defined()) return;
  const at::Tensor y = gradient - gradient_;
  const std::vector<double> read = host_read(at::stack({at::dot(moved_, y), at::dot(y, y), at::dot(moved_, moved_)}));
  const double sy = read[0], yy = read[1], ss = read[2];
  if (!(sy > 1e-10 * std::sqrt(ss * yy))) return;
  pairs_.push_back({moved_, y, sy});
  if (static_cast<std::int64_t>(pairs_.size()) > options_.history) pairs_.pop_front();
  scale_ = sy / yy;
}

Direction LbfgsDirection::propose(const std::vector<at::Tensor>&, const std::vector<at::Tensor>& gradients) {
  const at::Tensor gradient = flatten(gradients);
  remember(gradient);
  gradient_ = gradient;
  moved_ = at::Tensor();

  // Two-loop recursion. The coefficients stay on the device: no read.
  at::Tensor q = gradient.clone();
  std::vector<at::Tensor> alphas(pairs_.size());
  for (std::size_t i = pairs_.size(); i-- > 0;) {
    alphas[i] = at::dot(pairs_[i].s, q) / pairs_[i].inner_product;
    q.addcmul_(pairs_[i].y, alphas[i], -1);
  }
  q.mul_(scale_);
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const at::Tensor beta = at::dot(pairs_[i].y, q) / pairs_[i].inner_product;
    q.addcmul_(pairs_[i].s, alphas[i] - beta);
  }

  Direction direction;
  std::int64_t begin = 0;
  for (const at::Tensor& part : gradients) {
    direction.push_back(q.narrow(0, begin, part.numel()).view(part.sizes()));
    begin += part.numel();
  }
  return direction;
}

void LbfgsDirection::moved(const std::vector<at::Tensor>&, const Direction& direction, double step) {
  moved_ = flatten(direction).mul_(-step);
}

void LbfgsDirection::forget() {
  pairs_.clear();
  moved_ = at::Tensor();
  scale_ = 1;
}

void LbfgsDirection::save(OptimizerState& state) const {
  state.values["pairs"] = nlohmann::json::array();
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    state.tensors.emplace_back("s/" + std::to_string(i), pairs_[i].s);
    state.tensors.emplace_back("y/" + std::to_string(i), pairs_[i].y);
    state.values["pairs"].push_back(pairs_[i].inner_product);
  }
  state.values["scale"] = scale_;
  if (gradient_.defined()) state.tensors.emplace_back("gradient", gradient_);
  if (moved_.defined()) state.tensors.emplace_back("moved", moved_);
}

void LbfgsDirection::load(const OptimizerState& state) {
  const auto take = [&](const std::string& name) -> at::Tensor {
    for (const auto& [key, tensor] : state.tensors)
      if (key == name) return tensor.to(device_, tensor.scalar_type(), false, true);
    return {};
  };
  pairs_.clear();
  const nlohmann::json& products = state.values.at("pairs");
  for (std::size_t i = 0; i < products.size(); ++i)
    pairs_.push_back({take("s/" + std::to_string(i)), take("y/" + std::to_string(i)), products[i].get<double>()});
  scale_ = state.values.at("scale").get<double>();
  gradient_ = take("gradient");
  moved_ = take("moved");
}

}  // namespace talweg::optim
