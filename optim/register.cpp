#include "optim/register.h"

#include "optim/adam.h"
#include "optim/adamw.h"
#include "optim/lbfgs.h"
#include "optim/sgd.h"

namespace talweg::optim {
namespace {

template <class T, class Options>
void add(const char* name, const char* summary, const char* source) {
  config::Registry<OptimizerKind>::instance().add<Options>(
      name, summary, source, [](const Options& options, const ParameterList& parameters) -> std::unique_ptr<Optimizer> {
        return std::make_unique<T>(parameters, options);
      });
}

}  // namespace

void register_components() {
  static const bool once = [] {
    add<Sgd, SgdOptions>("sgd", "stochastic gradient descent with momentum", "Sutskever et al. 2013");
    add<Adam, AdamOptions>("adam", "adaptive moments", "Kingma and Ba 2015");
    add<AdamW, AdamWOptions>("adamw", "adaptive moments with decoupled weight decay", "Loshchilov and Hutter 2019");
    add<Lbfgs, LbfgsOptions>("lbfgs", "limited-memory quasi-Newton with a Wolfe line search",
                             "Nocedal and Wright, alg. 7.5");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::optim
