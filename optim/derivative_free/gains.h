#pragma once

#include <cmath>
#include <cstdint>

#include "optim/derivative_free/frame.h"
#include "optim/derivative_free/observing_optimizer.h"

namespace talweg::optim {

/// Gains that fall with the number of the step k = 1, 2, …: a_k = a/(A + k)^alpha, c_k = c/k^gamma.
struct Gains {
  double stability, learning_rate_exponent;    // A, alpha; a is the optimizer's learning rate
  double perturbation, perturbation_exponent;  // c, gamma

  double step_size(double learning_rate, std::int64_t k) const {
    return learning_rate / std::pow(stability + static_cast<double>(k), learning_rate_exponent);
  }
  double displacement(std::int64_t k) const {
    return perturbation / std::pow(static_cast<double>(k), perturbation_exponent);
  }
};

/// x ← x − a_k·ĝ with the gradient ĝ of central differences at c_k along directions of the method's choice.
class GainDescent : public ObservingOptimizer {
 public:
  GainDescent(ParameterList parameters, double learning_rate, const Gains& gains, std::int64_t draws,
              bool common_random_numbers)
      : ObservingOptimizer(std::move(parameters), learning_rate),
        gains_(gains),
        draws_(draws),
        common_random_numbers_(common_random_numbers) {}

 protected:
  void advance(Observer& observer, StepReport& report) override;
  std::int64_t least_evaluations(std::int64_t dimension) const override {
    return 2 * directions(dimension).count() * draws_;
  }

 private:
  virtual Frame directions(std::int64_t dimension) const = 0;

  Gains gains_;
  std::int64_t draws_;
  bool common_random_numbers_;
};

}  // namespace talweg::optim
