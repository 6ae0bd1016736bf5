#include "core/objective/noisy_objective.h"

#include "core/libtorch.h"
#include "core/objective/objective.h"

namespace talweg {

VisitedPoints::VisitedPoints(const std::vector<at::Tensor>& parameters) : parameters_(parameters) {
  for (const at::Tensor& parameter : parameters_) origin_.push_back(parameter.detach().clone());
}

VisitedPoints::~VisitedPoints() {
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].copy_(origin_[i]);
}

void VisitedPoints::move_to(const at::Tensor& point) {
  torch::NoGradGuard no_grad;
  std::int64_t size = 0;
  for (const at::Tensor& parameter : parameters_) size += parameter.numel();
  TORCH_CHECK_VALUE(point.dim() == 1 && point.numel() == size, "a point has ", size, " coordinates, not ",
                    point.numel());
  std::int64_t begin = 0;
  for (const at::Tensor& parameter : parameters_) {
    parameter.copy_(point.narrow(0, begin, parameter.numel()).view(parameter.sizes()));
    begin += parameter.numel();
  }
}

at::Tensor flat_point(const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& parameter : parameters)
    parts.push_back(parameter.detach().reshape(-1).to(at::TensorOptions(at::kDouble).device(at::kCPU)));
  return at::cat(parts);
}

NoisyValues draw_frozen(Objective& objective, const NoisyQuery& query) {
  VisitedPoints visited(objective.parameters());
  std::vector<at::Tensor> values;
  for (const at::Tensor& point : query.points.unbind(0)) {
    visited.move_to(point);
    values.push_back(objective.value().detach().to(at::kDouble));
  }
  return {at::stack(values).cpu().unsqueeze(1).expand({-1, query.draws}).contiguous(), query.points.size(0)};
}

}  // namespace talweg
