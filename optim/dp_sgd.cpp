#include "optim/dp_sgd.h"

#include "core/libtorch.h"
#include "optim/register.h"

namespace talweg::optim {

void declare(config::Fields& f, DpSgdOptions& o) {
  declare(f, o.privacy);
  declare(f, o.update);
  f("domain", o.domain, "project all parameters on one ball after every step (DPSGD-DC)");
}

void validate(const DpSgdOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  validate(o.privacy, where, diagnostics);
  validate(o.update, where, diagnostics);
}

DpSgd::DpSgd(ParameterList parameters, const DpSgdOptions& options)
    : PrivateOptimizer(
          parameters, std::make_unique<Sgd>(parameters, options.update), options.privacy, options.domain,
          options.update.momentum == 0 && options.update.weight_decay == 0 && options.update.groups.empty()) {}

void declare(config::Fields& f, DpOptions& o) {
  declare(f, o.privacy);
  f("inner", o.inner, "the optimizer that makes its step from the privatised gradient");
}

void validate(const DpOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  validate(o.privacy, where, diagnostics);
}

Dp::Dp(ParameterList parameters, const DpOptions& options)
    : PrivateOptimizer(parameters, create_chosen(options.inner, parameters), options.privacy, {}, false) {}

}  // namespace talweg::optim
