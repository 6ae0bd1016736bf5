#include "core/task_objective/linear_ray.h"

#include "core/device/host_read.h"
#include "core/libtorch.h"

namespace talweg {
namespace {

class LinearRay : public Ray {
 public:
  LinearRay(LinearInParameters& model, const data::Batch& batch, const at::Tensor& outputs,
            std::vector<at::Tensor> parameters, Direction direction)
      : model_(model), batch_(batch), parameters_(std::move(parameters)), direction_(std::move(direction)) {
    torch::NoGradGuard no_grad;
    outputs_ = outputs.to(at::kDouble);
    // The model applied to d instead of θ gives A·d.
    std::vector<at::Tensor> origin;
    for (const at::Tensor& parameter : parameters_) origin.push_back(parameter.detach().clone());
    at::_foreach_copy_(parameters_, direction_);
    change_ = model_.outputs(batch_).to(at::kDouble);
    at::_foreach_copy_(parameters_, origin);
  }

  std::vector<double> values(std::span<const double> step_sizes) override {
    torch::NoGradGuard no_grad;
    std::vector<double> values;
    values.reserve(step_sizes.size());
    for (std::size_t begin = 0; begin < step_sizes.size(); begin += block_size()) {
      const std::span<const double> part = step_sizes.subspan(begin, std::min(block_size(), step_sizes.size() - begin));
      std::vector<std::int64_t> shape(static_cast<std::size_t>(outputs_.dim()) + 1, 1);
      shape[0] = static_cast<std::int64_t>(part.size());
      const at::Tensor eta = at::tensor(at::ArrayRef<double>(part.data(), part.size()), at::kDouble).view(shape);
      const at::Tensor trial = at::addcmul(outputs_, eta.to(outputs_.device()), change_, -1);
      const std::vector<double> losses = host_read(model_.losses(trial, batch_));
      values.insert(values.end(), losses.begin(), losses.end());
    }
    return values;
  }

  /// On a GPU a block costs what its launch costs; a processor pays for every output.
  std::size_t block_size() const override { return outputs_.is_cpu() ? 4 : 32; }
  bool is_convex() const override { return model_.is_convex(); }

  void accept(double step_size) override {
    torch::NoGradGuard no_grad;
    if (step_size != 0) at::_foreach_add_(parameters_, direction_, -step_size);
  }

  /// The outputs of the direction: whatever the number of trials.
  std::int64_t forwards() const override { return 1; }

 private:
  LinearInParameters& model_;
  const data::Batch& batch_;
  std::vector<at::Tensor> parameters_;
  Direction direction_;
  at::Tensor outputs_, change_;
};

}  // namespace

std::unique_ptr<Ray> make_linear_ray(LinearInParameters& model, const data::Batch& batch, const at::Tensor& outputs,
                                     std::vector<at::Tensor> parameters, Direction direction) {
  return std::make_unique<LinearRay>(model, batch, outputs, std::move(parameters), std::move(direction));
}

}  // namespace talweg
