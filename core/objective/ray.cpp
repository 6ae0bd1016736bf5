#include "core/objective/ray.h"

#include "core/device/host_read.h"
#include "core/libtorch.h"
#include "core/objective/objective.h"

namespace talweg {
namespace {

class ParameterRay : public Ray {
 public:
  ParameterRay(Objective& objective, Direction direction) : objective_(objective), direction_(std::move(direction)) {
    TORCH_CHECK_VALUE(direction_.size() == objective_.parameters().size(),
                      "a direction has one tensor per parameter: ", direction_.size(), " for ",
                      objective_.parameters().size());
    torch::NoGradGuard no_grad;
    origin_.reserve(direction_.size());
    for (const at::Tensor& parameter : objective_.parameters()) origin_.push_back(parameter.detach().clone());
  }

  ~ParameterRay() override {
    if (!accepted_) move_to(0);
  }

  std::vector<double> values(std::span<const double> step_sizes) override {
    std::vector<double> values;
    values.reserve(step_sizes.size());
    for (const double step_size : step_sizes) {
      move_to(step_size);
      values.push_back(host_read(objective_.value()).front());
      ++forwards_;
    }
    return values;
  }

  void accept(double step_size) override {
    move_to(step_size);
    accepted_ = true;
  }

  std::int64_t forwards() const override { return forwards_; }

 private:
  void move_to(double step_size) {
    if (step_size == position_) return;
    torch::NoGradGuard no_grad;
    std::vector<at::Tensor> parameters = objective_.parameters();
    if (position_ != 0) at::_foreach_copy_(parameters, origin_);
    if (step_size != 0) at::_foreach_add_(parameters, direction_, -step_size);
    position_ = step_size;
  }

  Objective& objective_;
  Direction direction_;
  std::vector<at::Tensor> origin_;
  double position_ = 0;
  std::int64_t forwards_ = 0;
  bool accepted_ = false;
};

}  // namespace

std::unique_ptr<Ray> make_parameter_ray(Objective& objective, Direction direction) {
  return std::make_unique<ParameterRay>(objective, std::move(direction));
}

}  // namespace talweg
