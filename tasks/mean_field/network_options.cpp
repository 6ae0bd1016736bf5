#include "tasks/mean_field/network_options.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "models/mean_field/hermite.h"

namespace talweg::tasks {

void declare(config::Fields& f, ActivationOptions& o) {
  f("name", o.name, "erf, gelu, sigmoid, silu, sine, softplus or tanh: coefficients by Gauss-Hermite quadrature");
  f("hermite", o.hermite, "s_0, s_1, ...: sigma = sum s_k he_k with normalised Hermite polynomials");
  f("polynomial", o.polynomial, "p_0, p_1, ...: sigma(x) = sum p_i x^i, converted exactly");
  f("covariance", o.covariance, "h_0, h_1, ...: h(q) = sum h_k q^k, s_k = sqrt(h_k)", config::at_least(0));
  f("signs", o.signs,
    "signs of the s_k that belong to 'covariance'; the theory does not see them, networks do (default: ones)",
    config::at_least(-1), config::at_most(1));
  f("centred", o.centred, "subtract the mean E sigma(G), which the theory needs to be 0");
}

void validate(const ActivationOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const int given = o.name.has_value() + !o.hermite.empty() + !o.polynomial.empty() + !o.covariance.empty();
  if (given != 1) diagnostics.error(where.where, "give one of 'name', 'hermite', 'polynomial' and 'covariance'");
  if (!o.signs.empty() && o.signs.size() != o.covariance.size())
    diagnostics.error(where.at("signs"), "'signs' has one number, 1 or -1, for each of 'covariance'");
}

mean_field::Activation make_activation(const ActivationOptions& o) {
  mean_field::Activation activation;
  if (o.name) {
    activation = mean_field::named_activation(*o.name, o.centred);
  } else if (!o.hermite.empty()) {
    activation.hermite = o.hermite;
  } else if (!o.polynomial.empty()) {
    activation.hermite = mean_field::hermite_of_polynomial(o.polynomial);
  } else {
    for (std::size_t k = 0; k < o.covariance.size(); ++k)
      activation.hermite.push_back(std::sqrt(o.covariance[k]) *
                                   (o.signs.empty() ? 1 : static_cast<double>(o.signs[k])));
  }
  if (o.centred && !activation.hermite.empty()) activation.hermite[0] = 0;
  mean_field::require_centred(activation);
  return activation;
}

void declare(config::Fields& f, TargetTermOptions& o) {
  f("coefficient", o.coefficient, "f");
  f("degrees", o.degrees, "degree of the Hermite polynomial of each direction", config::at_least(0),
    config::at_most(20));
}

void declare(config::Fields& f, NetworkTargetOptions& o) {
  f("kind", o.kind, "noise: labels are noise; activation: sigma of one direction; hermite or terms: as given there");
  f("hermite", o.hermite, "f_0, f_1, ...: phi = sum f_k he_k of one direction");
  f("terms", o.terms, "phi = sum of f * prod_j he_{degree j}(<u_j, x>), for several directions");
}

void validate(const NetworkTargetOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if ((o.kind == TargetKind::hermite) == o.hermite.empty())
    diagnostics.error(where.where, "'kind: hermite' and a list 'hermite' belong together");
  if ((o.kind == TargetKind::terms) == o.terms.empty())
    diagnostics.error(where.where, "'kind: terms' and a list 'terms' belong together");
}

mean_field::Target make_target(const NetworkTargetOptions& o, const mean_field::Activation& activation) {
  switch (o.kind) {
    case TargetKind::noise:
      return {};
    case TargetKind::activation:
      return mean_field::Target::single_index(activation.hermite, activation.hermite);
    case TargetKind::hermite:
      return mean_field::Target::single_index(o.hermite, activation.hermite);
    case TargetKind::terms: {
      std::vector<mean_field::TargetTerm> terms;
      for (const TargetTermOptions& term : o.terms) terms.push_back({term.coefficient, term.degrees});
      return mean_field::Target(std::move(terms), activation.hermite);
    }
  }
  return {};
}

void declare(config::Fields& f, NetworkOptions& o) {
  f("activation", o.activation, "sigma, by which the theory knows h(q) = E sigma(G_1)sigma(G_q)");
  f("target", o.target, "phi, the labels without their noise");
  f("alpha", o.alpha, "n/(m d): samples per weight; or give 'samples'", config::above(0));
  f("samples", o.samples, "n/d: samples per input dimension; or give 'alpha'", config::above(0));
  f("noise", o.noise, "tau: standard deviation of the labels' noise", config::at_least(0));
  f("second_layer", o.second_layer, "a0: second layer at the start, mean-field (default 1); or give 'gamma'");
  f("gamma", o.gamma, "gamma_0: lazy start, a = gamma_0 sqrt(m)");
  f("second_layer_rate", o.second_layer_rate, "how much faster the second layer learns than the first; 0: it is frozen",
    config::at_least(0));
}

void validate(const NetworkOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.alpha.has_value() == o.samples.has_value())
    diagnostics.error(where.where, "give one of 'alpha' (n/(m d)) and 'samples' (n/d)");
  if (o.second_layer && o.gamma) diagnostics.error(where.at("gamma"), "give one of 'second_layer' and 'gamma'");
  mean_field::Activation activation;
  try {
    activation = make_activation(o.activation);
  } catch (const ConfigError& error) {
    diagnostics.error(where.at("activation"), error.what());
    return;
  }
  try {
    make_target(o.target, activation);
  } catch (const ConfigError& error) {
    diagnostics.error(where.at("target"), error.what());
  }
}

std::int64_t examples_of(const NetworkOptions& o, std::int64_t width, std::int64_t dimension) {
  const double ratio = o.samples ? *o.samples : *o.alpha * static_cast<double>(width);
  return std::max<std::int64_t>(1, std::llround(ratio * static_cast<double>(dimension)));
}

mean_field::Problem make_problem(const NetworkOptions& o, double width) {
  const mean_field::Activation activation = make_activation(o.activation);
  mean_field::Problem problem;
  problem.covariance = activation.covariance();
  problem.target = make_target(o.target, activation);
  problem.width = width;
  problem.samples = o.samples ? *o.samples : *o.alpha * width;
  problem.noise = o.noise;
  problem.second_layer = o.gamma ? *o.gamma * std::sqrt(width) : o.second_layer.value_or(1);
  problem.second_layer_rate = o.second_layer_rate;
  return problem;
}

}  // namespace talweg::tasks
