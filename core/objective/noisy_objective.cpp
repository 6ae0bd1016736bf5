#include "core/objective/noisy_objective.h"

#include "core/libtorch.h"
#include "core/objective/objective.h"
#include "core/objective/visited_points.h"

namespace talweg {

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
