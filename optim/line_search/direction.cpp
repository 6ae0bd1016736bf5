#include "optim/line_search/direction.h"

#include "core/libtorch.h"
#include "optim/line_search/adam_direction.h"
#include "optim/line_search/lbfgs_direction.h"
#include "optim/line_search/momentum_directions.h"

namespace talweg::optim {
namespace {

struct GradientOptions {};
void declare(config::Fields&, GradientOptions&) {}

class GradientDirection : public DirectionRule {
 public:
  GradientDirection(const GradientOptions&, const std::vector<at::Tensor>&) {}
  Direction propose(const std::vector<at::Tensor>&, const std::vector<at::Tensor>& gradients) override {
    return gradients;
  }
};

}  // namespace

void DirectionRule::moved(const std::vector<at::Tensor>&, const Direction&, double) {}

void register_directions() {
  static const bool once = [] {
    auto& registry = config::Registry<DirectionKind>::instance();
    registry.add<GradientDirection, GradientOptions>("gradient", "steepest descent", "Cauchy 1847");
    registry.add<HeavyBallDirection, HeavyBallOptions>("heavy_ball", "the gradient, then Polyak's momentum on top",
                                                       "Vaswani et al. 2019");
    registry.add<NesterovDirection, NesterovOptions>("nesterov", "the gradient, then Nesterov's extrapolation on top",
                                                     "Vaswani et al. 2019");
    registry.add<AdamDirection, AdamDirectionOptions>("adam", "the gradient over the root of its mean square",
                                                      "Galli et al. 2023, AdaSLS");
    registry.add<LbfgsDirection, LbfgsDirectionOptions>("lbfgs", "limited-memory quasi-Newton, for full batches",
                                                        "Nocedal and Wright, algorithm 7.4");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::optim
