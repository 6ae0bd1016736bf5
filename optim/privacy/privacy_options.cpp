#include "optim/privacy/privacy_options.h"

#include "core/config/converter.h"

namespace talweg::optim {

std::vector<std::pair<std::string, ClippingRule>> choices(ClippingRule) {
  return {
      {"flat", ClippingRule::flat}, {"per_layer", ClippingRule::per_layer}, {"normalized", ClippingRule::normalized}};
}

std::vector<std::pair<std::string, DomainCenter>> choices(DomainCenter) {
  return {{"init", DomainCenter::init}, {"zero", DomainCenter::zero}};
}

void declare(config::Fields& f, DomainOptions& o) {
  f("radius", o.radius, "R: largest distance of all parameters together from the centre; the bounds use D = 2R",
    config::required(), config::above(0));
  f("center", o.center, "the initial parameters (of the seed, not of the data) or zero");
  f("smoothness", o.smoothness,
    "L: every example's loss has an L-Lipschitz gradient. An assumption of yours, needed by the dc accountants",
    config::at_least(0));
}

void declare(config::Fields& f, PrivacyOptions& o) {
  f("target_epsilon", o.target_epsilon, "the whole run shall be (epsilon, delta)-private: the noise is computed",
    config::above(0));
  f("noise_multiplier", o.noise_multiplier,
    "deviation of the noise on the sum of clipped gradients, in units of clip_norm", config::at_least(0));
  f("sigma_dp", o.sigma_dp, "deviation of the noise on the mean gradient: noise_multiplier * clip_norm / batch_size",
    config::at_least(0));
  f("delta", o.delta, "delta of the guarantee; well below one over the number of examples", config::above(0),
    config::below(1));
  f("clip_norm", o.clip_norm, "C: largest Euclidean norm of the gradient of one example", config::above(0));
  f("clipping", o.clipping,
    "flat: the whole gradient at C; per_layer: every layer at C/sqrt(layers); normalized: every gradient scaled to "
    "about C");
  f("stability", o.stability, "gamma of normalized clipping: g*C/(|g| + gamma)", config::above(0));
  f("backend", o.backend,
    "ghost: one backward pass, gradients of examples formed only where cheaper; materialise: all formed; loop: one "
    "example at a time");
  f("accountant", o.accountant,
    "auto: the smallest certified epsilon for the sampler, and for a domain whose smoothness is given");
  f("neighbours", o.neighbours, "which data sets the guarantee cannot tell apart (default: the accountant's)");
  f("secure", o.secure,
    "noise that nobody can repeat, from the system's randomness; a resumed run then draws new noise and counts lost "
    "steps");
}

void validate(const PrivacyOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const int given = o.target_epsilon.has_value() + o.noise_multiplier.has_value() + o.sigma_dp.has_value();
  if (given != 1)
    diagnostics.error(where.where, "give exactly one of 'target_epsilon', 'noise_multiplier' and 'sigma_dp'");
}

std::unique_ptr<gradient::Clipping> make_clipping(const PrivacyOptions& options, const ParameterList& parameters) {
  switch (options.clipping) {
    case ClippingRule::per_layer:
      return std::make_unique<gradient::PerLayerClipping>(options.clip_norm, parameters);
    case ClippingRule::normalized:
      return std::make_unique<gradient::NormalizedClipping>(options.clip_norm, options.stability);
    case ClippingRule::flat:
      break;
  }
  return std::make_unique<gradient::FlatClipping>(options.clip_norm);
}

}  // namespace talweg::optim
