#pragma once

#include "tasks/black_box/oracle.h"

namespace talweg::tasks {

struct QueueOptions {
  double arrival_rate = 1.5;
  double cost = 0.1;
  std::int64_t customers = 200;
  double start = 5;
};
void declare(config::Fields& f, QueueOptions& o);
void validate(const QueueOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// A queue with one server, Poisson arrivals of rate λ and exponential services of rate μ, the variable: mean time in
/// the system of some customers plus cost·μ². The queue begins in its stationary state, so the mean over the noise is
/// 1/(μ − λ) + cost·μ² exactly; the noise is that of the simulation, and grows as μ comes near λ. The service rate of
/// the least cost solves (μ − λ)²·μ = 1/(2·cost). Source: Lindley 1952; costs as in SimOpt's example.
class Queue : public Oracle {
 public:
  Queue(const QueueOptions& options) : options_(options) {}
  std::vector<OracleVariable> variables() const override;
  void observe(const double* points, std::int64_t m, std::span<const std::uint64_t> seeds, double* values) override;
  std::optional<double> exact(const double* x) const override;
  std::optional<double> minimum() const override;

 private:
  double simulate(double rate, std::uint64_t seed) const;
  QueueOptions options_;
};

}  // namespace talweg::tasks
