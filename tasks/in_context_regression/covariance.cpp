#include "tasks/in_context_regression/covariance.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

struct IsotropicOptions {
  double scale = 1;
};
void declare(config::Fields& f, IsotropicOptions& o) {
  f("scale", o.scale, "s in Σ = s·I", config::above(0));
}

struct SpreadOptions {
  double low = 0.5, high = 1.5;
  bool rotate = true;
};
void declare(config::Fields& f, SpreadOptions& o) {
  f("low", o.low, "smallest eigenvalue", config::at_least(0));
  f("high", o.high, "largest eigenvalue", config::above(0));
  f("rotate", o.rotate, "turn the eigenvectors away from the axes at random");
}
void validate(const SpreadOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.low > o.high) diagnostics.error(where.at("low"), "'low' is larger than 'high'");
}

struct EigenvalueOptions {
  std::vector<double> values;
  bool rotate = false;
};
void declare(config::Fields& f, EigenvalueOptions& o) {
  f("values", o.values, "the eigenvalues of Σ, one for each dimension", config::required(), config::at_least(0));
  f("rotate", o.rotate, "turn the eigenvectors away from the axes at random");
}

at::Tensor to_tensor(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble);
}

/// Uniform over rotations and reflections: Q of a Gaussian matrix, with the signs of R's diagonal.
at::Tensor random_rotation(std::int64_t d, const RandomStreams& streams) {
  RandomGenerator random = streams.generator("rotation");
  const at::Tensor gaussian = at::empty({d, d}, at::kDouble);
  for (std::int64_t i = 0; i < gaussian.numel(); ++i) gaussian.mutable_data_ptr<double>()[i] = random.normal();
  const auto [q, r] = at::linalg_qr(gaussian);
  return q * r.diagonal().sign();
}

Covariance make(std::vector<double> eigenvalues, bool rotate, const RandomStreams& streams) {
  Covariance covariance{std::move(eigenvalues), {}};
  if (rotate) covariance.rotation = random_rotation(static_cast<std::int64_t>(covariance.eigenvalues.size()), streams);
  return covariance;
}

}  // namespace

double Covariance::trace() const {
  return std::accumulate(eigenvalues.begin(), eigenvalues.end(), 0.0);
}

at::Tensor Covariance::factor() const {
  const at::Tensor roots = to_tensor(eigenvalues).sqrt();
  return rotation.defined() ? rotation * roots : roots.diag();
}

at::Tensor Covariance::best_single_step(std::int64_t examples) const {
  const auto n = static_cast<double>(examples);
  const at::Tensor inverse = 1 / ((1 + 1 / n) * to_tensor(eigenvalues) + trace() / n);
  return rotation.defined() ? (rotation * inverse).mm(rotation.t()) : inverse.diag();
}

double Covariance::single_step_error(std::int64_t examples) const {
  const auto n = static_cast<double>(examples);
  double error = 0;
  for (const double eigenvalue : eigenvalues) error += 1 - eigenvalue / ((1 + 1 / n) * eigenvalue + trace() / n);
  return error;
}

void register_covariances() {
  static const bool once = [] {
    auto& registry = config::Registry<CovarianceKind>::instance();
    registry.add<IsotropicOptions>("isotropic", "Σ = s·I", "standard",
                                   [](const IsotropicOptions& o, std::int64_t d, const RandomStreams& streams) {
                                     return make(std::vector<double>(static_cast<std::size_t>(d), o.scale), false,
                                                 streams);
                                   });
    registry.add<SpreadOptions>(
        "spread", "eigenvalues equally spaced between two ends", "ours",
        [](const SpreadOptions& o, std::int64_t d, const RandomStreams& streams) {
          std::vector<double> values;
          for (std::int64_t i = 0; i < d; ++i)
            values.push_back(d == 1 ? o.low
                                    : o.low + (o.high - o.low) * static_cast<double>(i) / static_cast<double>(d - 1));
          return make(values, o.rotate, streams);
        });
    registry.add<EigenvalueOptions>(
        "eigenvalues", "a list of eigenvalues", "ours",
        [](const EigenvalueOptions& o, std::int64_t d, const RandomStreams& streams) {
          if (static_cast<std::int64_t>(o.values.size()) != d)
            throw ConfigError(
                fmt::format("'covariance.values' has {} eigenvalues, 'dimension' is {}", o.values.size(), d));
          double sum = 0;
          for (const double value : o.values) sum += value;
          if (!(sum > 0)) throw ConfigError("'covariance.values' are all zero: the inputs would be");
          return make(o.values, o.rotate, streams);
        });
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
