#include "optim/sam.h"

#include "core/libtorch.h"
#include "optim/ascent/gaussian_directions.h"
#include "optim/register.h"

namespace talweg::optim {
namespace {

constexpr const char* kBase = "the optimizer that makes its step from the gradient there; its learning rate counts";

std::vector<at::Tensor> tensors_of(const ParameterList& parameters) {
  std::vector<at::Tensor> tensors;
  for (const NamedParameter& parameter : parameters) tensors.push_back(parameter.tensor);
  return tensors;
}

}  // namespace

void declare(config::Fields& f, SamOptions& o) {
  declare(f, o.ascent);
  f("base", o.base, kBase);
}

Sam::Sam(const ParameterList& parameters, const SamOptions& options)
    : SharpnessAware(parameters, std::make_unique<GradientAscent>(tensors_of(parameters), options.ascent),
                     create_chosen(options.base, parameters)) {}

void declare(config::Fields& f, AdazoSamOptions& o) {
  declare(f, o.ascent);
  f("base", o.base, kBase);
}

AdazoSam::AdazoSam(const ParameterList& parameters, const AdazoSamOptions& options)
    : SharpnessAware(parameters,
                     std::make_unique<ZerothOrderAscent>(tensors_of(parameters), std::make_unique<GaussianDirections>(),
                                                         options.ascent),
                     create_chosen(options.base, parameters)) {}

}  // namespace talweg::optim
