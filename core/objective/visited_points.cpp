#include "core/objective/visited_points.h"

#include "core/device/pinned_memory.h"
#include "core/libtorch.h"

namespace talweg {

VisitedPoints::VisitedPoints(const std::vector<at::Tensor>& parameters) : parameters_(parameters) {
  for (const at::Tensor& parameter : parameters_) origin_.push_back(parameter.detach().clone());
}

VisitedPoints::~VisitedPoints() {
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].copy_(origin_[i]);
}

void VisitedPoints::move_to(const at::Tensor& point) {
  place_at(parameters_, point);
}

at::Tensor flat_point(const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& parameter : parameters) parts.push_back(parameter.detach().reshape(-1));
  return at::cat(parts).to(at::kCPU).to(at::kDouble);  // one read of a device
}

void place_at(const std::vector<at::Tensor>& parameters, const at::Tensor& point) {
  torch::NoGradGuard no_grad;
  std::int64_t size = 0;
  at::ScalarType type = parameters.front().scalar_type();
  for (const at::Tensor& parameter : parameters) {
    size += parameter.numel();
    type = at::promote_types(type, parameter.scalar_type());
  }
  TORCH_CHECK_VALUE(point.dim() == 1 && point.numel() == size, "a point has ", size, " coordinates, not ",
                    point.numel());
  const at::Tensor whole = sent_to(parameters.front().device(), point.to(type));
  std::int64_t begin = 0;
  for (const at::Tensor& parameter : parameters) {
    parameter.copy_(whole.narrow(0, begin, parameter.numel()).view(parameter.sizes()));
    begin += parameter.numel();
  }
}

}  // namespace talweg
