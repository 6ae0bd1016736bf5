#pragma once

#include <cstdint>
#include <vector>

#include "core/study/study.h"
#include "models/mean_field/two_time_state.h"
#include "tasks/mean_field/network_options.h"

namespace talweg::tasks {

struct GaussianNetworkOptions : NetworkOptions {
  std::int64_t width = 4;
  std::int64_t dimension = 100;
  std::int64_t runs = 20;
  double step = 0.1;
  double until = 10;
  std::vector<double> report;
};
void declare(config::Fields& f, GaussianNetworkOptions& o);
void validate(const GaussianNetworkOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Projected gradient descent on the Gaussian model that the mean-field equations are exact for, at finite dimension d,
/// beside them: s_i(w) = s_1⟨g_i, w⟩ + s_2 wᵀJ_i w + s_3 K_i[w, w, w] with normal g, J, K stands for σ(⟨w, x_i⟩). A
/// step is a run with tensors of its own; n·d² numbers for J, n·d³ for K. Float64 on the CPU. Source: Montanari and
/// Urbani 2025, D.4, D.9.
class GaussianNetwork : public Study {
 public:
  /// Throws ConfigError for another device than the CPU.
  GaussianNetwork(const GaussianNetworkOptions& options, const StudyContext& context);

  std::int64_t steps() const override { return options_.runs; }
  void step(std::int64_t index) override;
  /// At each reported time T, of a, overlap, start (C_d(t,0)), train_error and test_error: the mean "a@T" over runs,
  /// its standard error "a_deviation@T" and what the equations say at the same step, "a_theory@T".
  Metrics evaluate() override;
  /// Lines of theory with means over runs and their standard errors.
  std::vector<plot::Figure> figures() override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state, std::int64_t steps) override;

 private:
  static constexpr std::size_t kQuantities = 5;
  double mean(std::size_t row, std::size_t quantity) const;
  double standard_error(std::size_t row, std::size_t quantity) const;
  const std::vector<mean_field::Observables>& theory();

  GaussianNetworkOptions options_;
  RandomStreams streams_;
  std::size_t rows_;                    // times 0, η, …
  std::vector<double> sums_, squares_;  // over runs, [rows, quantities]
  std::int64_t done_ = 0;
  std::vector<mean_field::Observables> theory_;
};

}  // namespace talweg::tasks
