#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "models/mean_field/activation.h"
#include "models/mean_field/problem.h"

namespace talweg::tasks {

/// An activation, one of four ways.
struct ActivationOptions {
  std::optional<std::string> name;
  std::vector<double> hermite, polynomial, covariance;
  std::vector<std::int64_t> signs;
  bool centred = false;
};
void declare(config::Fields& f, ActivationOptions& o);
void validate(const ActivationOptions& o, const config::Value& where, config::Diagnostics& diagnostics);
/// Throws ConfigError where h(0) ≠ 0 or h is not finite.
mean_field::Activation make_activation(const ActivationOptions& o);

/// The target that is learnt: nothing but noise, the activation of one direction, or a series of Hermite polynomials.
enum class TargetKind { noise, activation, hermite, terms };
inline std::vector<std::pair<std::string, TargetKind>> choices(TargetKind) {
  return {{"noise", TargetKind::noise},
          {"activation", TargetKind::activation},
          {"hermite", TargetKind::hermite},
          {"terms", TargetKind::terms}};
}

struct TargetTermOptions {
  double coefficient = 1;
  std::vector<std::int64_t> degrees;
};
void declare(config::Fields& f, TargetTermOptions& o);

struct NetworkTargetOptions {
  TargetKind kind = TargetKind::noise;
  std::vector<double> hermite;
  std::vector<TargetTermOptions> terms;
};
void declare(config::Fields& f, NetworkTargetOptions& o);
void validate(const NetworkTargetOptions& o, const config::Value& where, config::Diagnostics& diagnostics);
/// Throws ConfigError where φ̂(0) ≠ 0.
mean_field::Target make_target(const NetworkTargetOptions& o, const mean_field::Activation& activation);

/// A two-layer network of any width, and the data that it is trained on.
struct NetworkOptions {
  ActivationOptions activation;
  NetworkTargetOptions target;
  std::optional<double> alpha, samples;
  double noise = 0;
  std::optional<double> second_layer, gamma;
  double second_layer_rate = 1;
};
void declare(config::Fields& f, NetworkOptions& o);
/// Also builds kernels and target, so that what they refuse is said at its line.
void validate(const NetworkOptions& o, const config::Value& where, config::Diagnostics& diagnostics);
/// n of `width` neurons and `dimension` inputs, rounded; at least 1.
std::int64_t examples_of(const NetworkOptions& o, std::int64_t width, std::int64_t dimension);
/// The problem of m neurons.
mean_field::Problem make_problem(const NetworkOptions& o, double width);

}  // namespace talweg::tasks
