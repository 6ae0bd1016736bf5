#include "models/linear.h"

#include "core/libtorch.h"

namespace talweg::models {

void declare(config::Fields& f, LinearOptions& o) {
  f("bias", o.bias, "add an intercept per output");
  f("initialization", o.initialization, "uniform: LibTorch's default; zero: all outputs start equal");
}

Linear::Linear(const LinearOptions& options, const TensorModelShape& shape) {
  output_ = register_module(
      "output", torch::nn::Linear(torch::nn::LinearOptions(shape.features(), shape.outputs).bias(options.bias)));
  if (options.initialization == LinearInitialization::zero) {
    torch::NoGradGuard no_grad;
    for (at::Tensor& parameter : output_->parameters()) parameter.zero_();
  }
}

at::Tensor Linear::forward(const at::Tensor& input) {
  return output_->forward(input.flatten(1));
}

at::Tensor Linear::forward_transposed(const at::Tensor& input) {
  if (output_->weight.size(0) == 1) {
    const at::Tensor weights = output_->weight.select(0, 0), inputs = input.flatten(1);
    return (output_->bias.defined() ? at::addmv(output_->bias.expand({inputs.size(0)}), inputs, weights)
                                    : at::mv(inputs, weights))
        .unsqueeze(0);
  }
  const at::Tensor columns = input.flatten(1).t();
  return output_->bias.defined() ? at::addmm(output_->bias.unsqueeze(1), output_->weight, columns)
                                 : output_->weight.mm(columns);
}

std::vector<at::Tensor> Linear::pull_back(const at::Tensor& input, const at::Tensor& residual) {
  const at::Tensor inputs = input.flatten(1);
  std::vector<at::Tensor> gradient{residual.size(0) == 1 ? at::mv(inputs.t(), residual.select(0, 0)).unsqueeze(0)
                                                         : residual.mm(inputs)};
  if (output_->bias.defined()) gradient.push_back(residual.sum(1));
  return gradient;
}

}  // namespace talweg::models
