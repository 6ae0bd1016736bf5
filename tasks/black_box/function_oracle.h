#pragma once

#include "tasks/black_box/noise_model.h"
#include "tasks/black_box/oracle.h"

namespace talweg::tasks {

/// A function in closed form under a noise model. Points are shared among threads.
class FunctionOracle : public Oracle {
 public:
  explicit FunctionOracle(const NoiseOptions& noise) : noise_(noise) {}

  std::vector<OracleVariable> variables() const override;
  void observe(const double* points, std::int64_t m, std::span<const std::uint64_t> seeds, double* values) override;
  std::optional<double> exact(const double* x) const override { return value(x); }

  /// F without noise.
  virtual double value(const double* x) const = 0;
  virtual std::vector<double> start() const = 0;

 private:
  NoiseOptions noise_;
};

}  // namespace talweg::tasks
