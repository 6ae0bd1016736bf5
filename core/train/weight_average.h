#pragma once

#include "core/checkpoint/safetensors.h"
#include "core/optimizer/optimizer.h"

namespace talweg {

/// Exponential moving average of the parameters: a ← d·a + (1−d)·θ after every step, starting from the first θ.
class WeightAverage {
 public:
  WeightAverage(ParameterList parameters, double decay);
  void update();

  /// Puts the average into the model for a scope.
  class Scope {
   public:
    explicit Scope(WeightAverage* average);  ///< nothing happens for a null pointer
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    WeightAverage* average_;
    std::vector<at::Tensor> current_;
  };

  checkpoint::NamedTensors state() const;
  /// Throws DataError when a tensor is missing or mis-shaped.
  void load(const checkpoint::NamedTensors& state);

 private:
  ParameterList parameters_;
  std::vector<at::Tensor> tensors_;
  std::vector<at::Tensor> average_;
  double decay_;
};

}  // namespace talweg
