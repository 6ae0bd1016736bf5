#include "models/deep_linear/factor_chain.h"

#include <torch/csrc/autograd/custom_function.h>

#include "core/libtorch.h"
#include "models/deep_linear/factor_kernel.h"

namespace talweg::models {
namespace {

/// P_1, …, P_L.
std::vector<at::Tensor> prefix_products(const std::vector<at::Tensor>& layers) {
  std::vector<at::Tensor> prefixes{layers.front()};
  for (std::size_t l = 1; l < layers.size(); ++l) prefixes.push_back(layers[l].mm(prefixes.back()));
  return prefixes;
}

bool suits_kernel(const std::vector<at::Tensor>& layers) {
  constexpr std::int64_t largest = 256;
  const at::Tensor& first = layers.front();
  if (!first.is_cpu() || first.scalar_type() != at::kDouble || first.size(1) > largest) return false;
  return std::all_of(layers.begin(), layers.end(), [](const at::Tensor& layer) { return layer.size(0) <= largest; });
}

FactorGradient kernel_gradient(const std::vector<at::Tensor>& layers, const at::Tensor& target, double scale) {
  std::vector<std::int64_t> widths{layers.front().size(1)};
  for (const at::Tensor& layer : layers) widths.push_back(layer.size(0));
  thread_local FactorKernel kernel({1, 1});
  if (kernel.widths() != widths) kernel = FactorKernel(widths);
  for (std::size_t l = 0; l < layers.size(); ++l) kernel.set_layer(l, layers[l].contiguous().const_data_ptr<double>());
  kernel.set_target(target.contiguous().const_data_ptr<double>());
  FactorGradient result;
  result.value = at::scalar_tensor(scale * kernel.gradient(2 * scale), target.options());
  for (std::size_t l = 0; l < layers.size(); ++l) {
    result.gradients.push_back(at::empty_like(layers[l], at::MemoryFormat::Contiguous));
    kernel.get_gradient(l, result.gradients.back().mutable_data_ptr<double>());
  }
  return result;
}

class FactorLoss : public torch::autograd::Function<FactorLoss> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, at::TensorList layers, const at::Tensor& target,
                            double scale) {
    std::vector<at::Tensor> values;
    for (const at::Tensor& layer : layers) values.push_back(layer.detach());
    FactorGradient evaluated =
        suits_kernel(values) ? kernel_gradient(values, target, scale) : factor_gradient(values, target, scale);
    std::vector<at::Tensor> saved = layers.vec();
    saved.push_back(target);
    context->save_for_backward(saved);
    context->saved_data["scale"] = scale;
    context->saved_data["gradients"] = evaluated.gradients;
    return evaluated.value;
  }

  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context,
                                          const std::vector<at::Tensor>& outer) {
    std::vector<at::Tensor> gradients;
    if (torch::GradMode::is_enabled()) {
      std::vector<at::Tensor> layers = context->get_saved_variables();
      const at::Tensor target = layers.back();
      layers.pop_back();
      gradients = factor_gradient(layers, target, context->saved_data["scale"].toDouble()).gradients;
    } else {
      gradients = context->saved_data["gradients"].toTensorVector();
    }
    for (at::Tensor& gradient : gradients) gradient = gradient * outer[0];
    gradients.emplace_back();  // the target
    gradients.emplace_back();  // the scale
    return gradients;
  }
};

}  // namespace

FactorGradient factor_gradient(const std::vector<at::Tensor>& layers, const at::Tensor& target, double scale) {
  const std::vector<at::Tensor> prefixes = prefix_products(layers);
  const at::Tensor residual = prefixes.back() - target;
  FactorGradient result{scale * residual.square().sum(), std::vector<at::Tensor>(layers.size())};
  at::Tensor back = 2 * scale * residual;
  for (std::size_t l = layers.size() - 1; l > 0; --l) {
    result.gradients[l] = back.mm(prefixes[l - 1].t());
    back = layers[l].t().mm(back);
  }
  result.gradients[0] = back;
  return result;
}

std::vector<at::Tensor> factor_hessian_product(const std::vector<at::Tensor>& layers, const at::Tensor& target,
                                               double scale, const std::vector<at::Tensor>& direction) {
  const std::vector<at::Tensor> prefixes = prefix_products(layers);
  std::vector<at::Tensor> moved{direction.front()};  // dP_l
  for (std::size_t l = 1; l < layers.size(); ++l)
    moved.push_back(direction[l].mm(prefixes[l - 1]) + layers[l].mm(moved.back()));
  at::Tensor back = 2 * scale * (prefixes.back() - target), back_moved = 2 * scale * moved.back();  // B_l and dB_l
  std::vector<at::Tensor> product(layers.size());
  for (std::size_t l = layers.size() - 1; l > 0; --l) {
    product[l] = back_moved.mm(prefixes[l - 1].t()) + back.mm(moved[l - 1].t());
    back_moved = layers[l].t().mm(back_moved) + direction[l].t().mm(back);
    back = layers[l].t().mm(back);
  }
  product[0] = back_moved;
  return product;
}

at::Tensor factor_loss(const std::vector<at::Tensor>& layers, const at::Tensor& target, double scale) {
  if (torch::GradMode::is_enabled()) return FactorLoss::apply(at::TensorList(layers), target, scale);
  return scale * (prefix_products(layers).back() - target).square().sum();
}

}  // namespace talweg::models
