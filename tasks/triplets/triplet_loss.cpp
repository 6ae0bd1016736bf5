#include "tasks/triplets/triplet_loss.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "core/libtorch.h"
#include "tasks/triplets/triplet_kernel.h"

namespace talweg::tasks {
namespace {

/// Parts of the comparisons that have sums of their own, so that these do not depend on the number of threads.
constexpr std::int64_t kMostParts = 16, kPartSize = 2048;

/// Where parts begin, and the end: between users. One part where users are not in ascending order.
std::vector<std::int64_t> divide(const std::int32_t* users, std::int64_t m, std::int64_t items) {
  std::vector<std::int64_t> borders{0};
  const std::int64_t parts = std::min({kMostParts, m / kPartSize, std::max<std::int64_t>(1, m / (2 * items))});
  if (parts > 1 && std::is_sorted(users, users + m))
    for (std::int64_t p = 1; p < parts; ++p) {
      const std::int64_t border = std::upper_bound(users, users + m, users[p * m / parts - 1]) - users;
      if (border > borders.back() && border < m) borders.push_back(border);
    }
  borders.push_back(m);
  return borders;
}

at::Tensor padded(const at::Tensor& factors, std::int64_t width) {
  const at::Tensor plain = factors.detach();
  return (plain.size(1) == width ? plain : at::constant_pad_nd(plain, {0, width - plain.size(1)})).contiguous();
}

struct ValueAndGradients {
  at::Tensor value, users, items;
};

template <class T>
ValueAndGradients one_pass(const at::Tensor& users, const at::Tensor& items, const Triplets& t, bool with_gradient) {
  const std::int64_t m = t.users.size(0), rank = users.size(1), width = padded_width(rank);
  const at::Tensor u = padded(users, width), v = padded(items, width);
  const TripletColumns<T> columns{t.users.const_data_ptr<std::int32_t>(), t.first.const_data_ptr<std::int32_t>(),
                                  t.second.const_data_ptr<std::int32_t>(), t.labels.const_data_ptr<T>(),
                                  t.weights.defined() ? t.weights.const_data_ptr<T>() : nullptr};
  const FactorRows<T> rows{u.const_data_ptr<T>(), v.const_data_ptr<T>(), width};
  const std::vector<std::int64_t> borders = divide(columns.users, m, items.size(0));
  const auto parts = static_cast<std::int64_t>(borders.size()) - 1;
  std::vector<double> sums(static_cast<std::size_t>(parts));
  const at::Tensor of_users = with_gradient ? at::zeros_like(u) : at::Tensor();
  const at::Tensor of_items = with_gradient ? at::zeros({parts, v.size(0), width}, v.options()) : at::Tensor();
  T* user_sums = with_gradient ? of_users.mutable_data_ptr<T>() : nullptr;
  T* item_sums = with_gradient ? of_items.mutable_data_ptr<T>() : nullptr;
  at::parallel_for(0, parts, 1, [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t p = from; p < to; ++p) {
      const auto i = static_cast<std::size_t>(p);
      sums[i] = with_gradient
                    ? triplet_gradients(columns, rows, borders[i], borders[i + 1], user_sums, item_sums + p * v.numel())
                    : triplet_losses(columns, rows, borders[i], borders[i + 1]);
    }
  });
  double sum = 0;
  for (const double part : sums) sum += part;
  const double share = 1 / static_cast<double>(m);
  ValueAndGradients answer;
  answer.value = at::scalar_tensor(sum * share, users.options().requires_grad(false));
  if (!with_gradient) return answer;
  answer.users = of_users.narrow(1, 0, rank).mul(share);
  answer.items = (parts == 1 ? of_items[0] : of_items.sum(0)).narrow(1, 0, rank).mul(share);
  return answer;
}

ValueAndGradients one_pass_of_type(const at::Tensor& users, const at::Tensor& items, const Triplets& t, bool gradient) {
  return users.scalar_type() == at::kFloat ? one_pass<float>(users, items, t, gradient)
                                           : one_pass<double>(users, items, t, gradient);
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct TripletLossNode : torch::autograd::Function<TripletLossNode> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& users, const at::Tensor& items,
                            const Triplets& t) {
    ValueAndGradients answer = one_pass_of_type(users, items, t, true);
    context->save_for_backward({users, items});
    context->saved_data["columns"] = std::vector<at::Tensor>{t.users, t.first, t.second, t.labels};
    context->saved_data["weights"] = std::vector<at::Tensor>(t.weights.defined() ? 1 : 0, t.weights);
    context->saved_data["gradients"] = std::vector<at::Tensor>{answer.users, answer.items};
    return answer.value;
  }

  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    if (!at::GradMode::is_enabled()) {
      const std::vector<at::Tensor> gradients = context->saved_data["gradients"].toTensorVector();
      return {gradients[0] * outer[0], gradients[1] * outer[0], {}};
    }
    // A graph of the gradient is wanted: for products with the Hessian.
    const variable_list factors = context->get_saved_variables();
    const std::vector<at::Tensor> columns = context->saved_data["columns"].toTensorVector();
    const std::vector<at::Tensor> weights = context->saved_data["weights"].toTensorVector();
    const at::Tensor u = factors[0].index_select(0, columns[0]),
                     d = factors[1].index_select(0, columns[1]) - factors[1].index_select(0, columns[2]);
    at::Tensor s = (at::sigmoid((u * d).sum(1)) - columns[3]) / static_cast<double>(columns[0].size(0));
    if (!weights.empty()) s = s * weights[0];
    s = (s * outer[0]).unsqueeze(1);
    return {at::zeros_like(factors[0]).index_add(0, columns[0], s * d),
            at::zeros_like(factors[1]).index_add(0, columns[1], s * u).index_add(0, columns[2], -s * u),
            {}};
  }
};

}  // namespace

at::Tensor triplet_margins(const at::Tensor& users, const at::Tensor& items, const Triplets& t) {
  const at::Tensor difference = items.index_select(0, t.first) - items.index_select(0, t.second);
  return (users.index_select(0, t.users) * difference).sum(1);
}

at::Tensor comparison_losses(const at::Tensor& z, const Triplets& t) {
  const at::Tensor losses = at::clamp_min(z, 0) + at::log1p(at::exp(-z.abs())) - t.labels * z;
  return t.weights.defined() ? losses * t.weights : losses;
}

at::Tensor triplet_loss(const at::Tensor& users, const at::Tensor& items, const Triplets& t) {
  if (!users.is_cpu()) return comparison_losses(triplet_margins(users, items, t), t).mean();
  if (at::GradMode::is_enabled() && (users.requires_grad() || items.requires_grad()))
    return TripletLossNode::apply(users, items, t);
  return one_pass_of_type(users, items, t, false).value;
}

}  // namespace talweg::tasks
