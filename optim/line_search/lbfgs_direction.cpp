#include "optim/line_search/lbfgs_direction.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/device/host_read.h"
#include "core/error.h"
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
    : options_(options), device_(parameters.front().device()), slots_(options.history + 1) {
  gram_.resize(static_cast<std::size_t>(4 * slots_ * slots_));
}

std::int64_t LbfgsDirection::write_pair(const at::Tensor& gradient) {
  if (!basis_.defined()) basis_ = at::zeros({2 * slots_, gradient.numel()}, gradient.options());
  if (!moved_.defined()) return -1;
  std::int64_t slot = 0;
  while (std::find(pairs_.begin(), pairs_.end(), slot) != pairs_.end()) ++slot;
  basis_.select(0, rows_of(slot).s).copy_(moved_);
  at::Tensor y = basis_.select(0, rows_of(slot).y);
  at::sub_out(y, gradient, gradient_);
  return slot;
}

std::vector<double> LbfgsDirection::project(const at::Tensor& gradient, std::int64_t new_slot) {
  if (new_slot < 0) return host_read(basis_.mv(gradient));
  const Rows rows = rows_of(new_slot);
  const at::Tensor columns = at::stack({gradient, basis_.select(0, rows.s), basis_.select(0, rows.y)});
  std::vector<double> products = host_read(columns.mm(basis_.t()));
  for (std::int64_t row = 0; row < 2 * slots_; ++row) {
    const auto column = static_cast<std::size_t>(row), width = static_cast<std::size_t>(2 * slots_);
    gram(rows.s, row) = gram(row, rows.s) = products[width + column];
    gram(rows.y, row) = gram(row, rows.y) = products[2 * width + column];
  }
  products.resize(static_cast<std::size_t>(2 * slots_));
  return products;
}

void LbfgsDirection::take_in(std::int64_t slot) {
  const Rows rows = rows_of(slot);
  const double sy = gram(rows.s, rows.y);
  if (!(sy > 1e-10 * std::sqrt(gram(rows.s, rows.s) * gram(rows.y, rows.y)))) return;
  pairs_.push_back(slot);
  if (static_cast<std::int64_t>(pairs_.size()) > options_.history) pairs_.pop_front();
}

Direction LbfgsDirection::propose(const std::vector<at::Tensor>&, const std::vector<at::Tensor>& gradients) {
  const at::Tensor gradient = flatten(gradients);
  const std::int64_t slot = write_pair(gradient);
  gradient_ = gradient;
  moved_ = at::Tensor();
  const std::vector<double> on_gradient = project(gradient, slot);
  if (slot >= 0) take_in(slot);

  // q = share·g + Σ coefficients·basis
  double share = 1;
  std::vector<double> coefficients(on_gradient.size());
  const auto product_with_q = [&](std::int64_t row) {
    double product = share * on_gradient[static_cast<std::size_t>(row)];
    for (const std::int64_t other : pairs_)
      for (const std::int64_t column : {rows_of(other).s, rows_of(other).y})
        product += coefficients[static_cast<std::size_t>(column)] * gram(row, column);
    return product;
  };
  std::vector<double> alphas(pairs_.size());
  for (std::size_t i = pairs_.size(); i-- > 0;) {
    const Rows rows = rows_of(pairs_[i]);
    alphas[i] = product_with_q(rows.s) / gram(rows.s, rows.y);
    coefficients[static_cast<std::size_t>(rows.y)] -= alphas[i];
  }
  if (!pairs_.empty()) {
    const Rows newest = rows_of(pairs_.back());
    const double scale = gram(newest.s, newest.y) / gram(newest.y, newest.y);
    share *= scale;
    for (double& coefficient : coefficients) coefficient *= scale;
  }
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const Rows rows = rows_of(pairs_[i]);
    const double beta = product_with_q(rows.y) / gram(rows.s, rows.y);
    coefficients[static_cast<std::size_t>(rows.s)] += alphas[i] - beta;
  }
  const at::Tensor weights = at::tensor(coefficients, at::kDouble).to(gradient.options());
  const at::Tensor q = at::addmv(gradient, basis_.t(), weights, share);

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
}

void LbfgsDirection::save(OptimizerState& state) const {
  state.values["pairs"] = pairs_;
  if (basis_.defined()) {
    state.tensors.emplace_back("basis", basis_);
    state.tensors.emplace_back("gram", at::tensor(gram_, at::kDouble));
  }
  if (gradient_.defined()) state.tensors.emplace_back("gradient", gradient_);
  if (moved_.defined()) state.tensors.emplace_back("moved", moved_);
}

void LbfgsDirection::load(const OptimizerState& state) {
  const auto take = [&](const std::string& name) -> at::Tensor {
    for (const auto& [key, tensor] : state.tensors)
      if (key == name) return tensor.to(device_, tensor.scalar_type(), false, true);
    return {};
  };
  pairs_ = state.values.at("pairs").get<std::deque<std::int64_t>>();
  basis_ = take("basis");
  gradient_ = take("gradient");
  moved_ = take("moved");
  const at::Tensor gram = take("gram");
  const bool fits = !basis_.defined() || (basis_.size(0) == 2 * slots_ && gram.defined() &&
                                          gram.numel() == static_cast<std::int64_t>(gram_.size()));
  if (!fits) throw DataError("the saved direction has another 'history' than the configuration");
  if (gram.defined()) gram_ = host_read(gram);
}

}  // namespace talweg::optim
