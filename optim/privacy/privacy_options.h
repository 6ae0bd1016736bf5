#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/config/fields.h"
#include "core/gradient/clipping.h"
#include "core/gradient/per_example_gradients.h"
#include "core/privacy/mechanism.h"

namespace talweg::optim {

enum class ClippingRule { flat, per_layer, normalized };
std::vector<std::pair<std::string, ClippingRule>> choices(ClippingRule);

enum class DomainCenter { init, zero };
std::vector<std::pair<std::string, DomainCenter>> choices(DomainCenter);

/// The ball that parameters are projected on after every step (DPSGD-DC).
struct DomainOptions {
  double radius = 0;
  DomainCenter center = DomainCenter::init;
  std::optional<double> smoothness;
};
void declare(config::Fields& f, DomainOptions& o);

/// How gradients are made private; shared by all private optimizers.
struct PrivacyOptions {
  std::optional<double> target_epsilon;
  std::optional<double> noise_multiplier;
  std::optional<double> sigma_dp;
  double delta = 1e-5;
  double clip_norm = 1;
  ClippingRule clipping = ClippingRule::flat;
  double stability = 0.01;
  gradient::Backend backend = gradient::Backend::ghost;
  std::string accountant = "auto";
  std::optional<privacy::NeighbouringRelation> neighbours;
  bool secure = false;
};
void declare(config::Fields& f, PrivacyOptions& o);
void validate(const PrivacyOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

std::unique_ptr<gradient::Clipping> make_clipping(const PrivacyOptions& options, const ParameterList& parameters);

}  // namespace talweg::optim
