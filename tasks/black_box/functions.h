#pragma once

#include "tasks/black_box/function_oracle.h"

namespace talweg::tasks {

struct FunctionOptions {
  std::int64_t dimension = 10;
  NoiseOptions noise;
};
void declare(config::Fields& f, FunctionOptions& o);

struct SphereOptions : FunctionOptions {};

/// ½‖x‖² from all ones.
class Sphere : public FunctionOracle {
 public:
  Sphere(const SphereOptions& options) : FunctionOracle(options.noise), d_(options.dimension) {}
  double value(const double* x) const override;
  std::vector<double> start() const override { return std::vector<double>(static_cast<std::size_t>(d_), 1.0); }
  std::optional<double> minimum() const override { return 0; }

 private:
  std::int64_t d_;
};

struct EllipsoidOptions : FunctionOptions {
  double condition = 100;
};
void declare(config::Fields& f, EllipsoidOptions& o);

/// ½Σ λ_i x_i² with λ from 1 to the condition number at equal ratios, from all ones.
class Ellipsoid : public FunctionOracle {
 public:
  Ellipsoid(const EllipsoidOptions& options);
  double value(const double* x) const override;
  std::vector<double> start() const override { return std::vector<double>(curvatures_.size(), 1.0); }
  std::optional<double> minimum() const override { return 0; }

 private:
  std::vector<double> curvatures_;
};

struct SumOfExponentialsOptions : FunctionOptions {
  double condition = 1;
};
void declare(config::Fields& f, SumOfExponentialsOptions& o);

/// Σ λ_i(e^{x_i} − x_i − 1) with λ from 1 to the condition number at equal ratios, from all ones: strongly convex
/// around its minimum 0, with a third derivative that differences of a value feel.
class SumOfExponentials : public FunctionOracle {
 public:
  SumOfExponentials(const SumOfExponentialsOptions& options);
  double value(const double* x) const override;
  std::vector<double> start() const override { return std::vector<double>(curvatures_.size(), 1.0); }
  std::optional<double> minimum() const override { return 0; }

 private:
  std::vector<double> curvatures_;
};

struct RosenbrockChainOptions : FunctionOptions {};
void validate(const RosenbrockChainOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Σ 100(x_{i+1} − x_i²)² + (1 − x_i)², from (−1.2, 1, −1.2, …).
class RosenbrockChain : public FunctionOracle {
 public:
  RosenbrockChain(const RosenbrockChainOptions& options) : FunctionOracle(options.noise), d_(options.dimension) {}
  double value(const double* x) const override;
  std::vector<double> start() const override;
  std::optional<double> minimum() const override { return 0; }

 private:
  std::int64_t d_;
};

struct Function79Options {
  std::int64_t dimension = 64;
  NoiseOptions noise{.sigma = 1};
};
void declare(config::Fields& f, Function79Options& o);
void validate(const Function79Options& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Σ over pairs of [10(y − x)² + (1 − x)²]⁴ from x = 3, y = 1: the problem of the code published with Cor-CFD.
class Function79 : public FunctionOracle {
 public:
  Function79(const Function79Options& options) : FunctionOracle(options.noise), d_(options.dimension) {}
  double value(const double* x) const override;
  std::vector<double> start() const override;
  std::optional<double> minimum() const override { return 0; }

 private:
  std::int64_t d_;
};

}  // namespace talweg::tasks
