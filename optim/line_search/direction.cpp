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

template <class Rule, class Options>
void add_direction(const char* name, const char* summary, const char* source) {
  config::Registry<DirectionKind>::instance().add<Options>(
      name, summary, source,
      [](const Options& options, const std::vector<at::Tensor>& parameters) -> std::unique_ptr<DirectionRule> {
        return std::make_unique<Rule>(options, parameters);
      });
}

}  // namespace

void DirectionRule::moved(const std::vector<at::Tensor>&, const Direction&, double) {}

void register_directions() {
  static const bool once = [] {
    add_direction<GradientDirection, GradientOptions>("gradient", "steepest descent", "Cauchy 1847");
    add_direction<HeavyBallDirection, HeavyBallOptions>("heavy_ball", "the gradient, then Polyak's momentum on top",
                                                        "Vaswani et al. 2019");
    add_direction<NesterovDirection, NesterovOptions>("nesterov", "the gradient, then Nesterov's extrapolation on top",
                                                      "Vaswani et al. 2019");
    add_direction<AdamDirection, AdamDirectionOptions>("adam", "the gradient over the root of its mean square",
                                                       "Galli et al. 2023, AdaSLS");
    add_direction<LbfgsDirection, LbfgsDirectionOptions>("lbfgs", "limited-memory quasi-Newton, for full batches",
                                                         "Nocedal and Wright, algorithm 7.4");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::optim
