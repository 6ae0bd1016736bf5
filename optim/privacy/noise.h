#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "core/random/chacha.h"
#include "core/random/random_streams.h"

namespace talweg::optim {

/// Gaussian noise for the gradient of a step.
class GradientNoise {
 public:
  virtual ~GradientNoise() = default;
  /// Independent numbers N(0, deviation²), one tensor for each of `like` and shaped as it is. `step` counts from 0.
  virtual std::vector<at::Tensor> draw(const std::vector<at::Tensor>& like, double deviation, std::int64_t step) = 0;
};

/// Noise from LibTorch's generator of the tensors' device, seeded from (seed, purpose, step): a resumed run draws the
/// same. Fit for experiments; whoever knows the seed can take the noise off.
class SeededNoise : public GradientNoise {
 public:
  /// `purpose` names the stream: runs with another mechanism or another data set must not share one.
  SeededNoise(const RandomStreams& streams, std::string purpose) : streams_(streams), purpose_(std::move(purpose)) {}
  std::vector<at::Tensor> draw(const std::vector<at::Tensor>& like, double deviation, std::int64_t step) override;

 private:
  RandomStreams streams_;
  std::string purpose_;
};

/// Noise from ChaCha20 with a key of the operating system; it cannot be repeated or predicted, not even by a resumed
/// run. Every number is the sum of four independent ones, divided by 2, in double precision: an attack that inverts the
/// sampler from the low bits of its output (Mironov 2012) then faces 2^(4·53) candidates instead of 2^53.
/// Source: Holohan and Braghin 2021. Drawn on the host, about 60 ns a number.
class SecureNoise : public GradientNoise {
 public:
  SecureNoise() : generator_(ChaCha20::from_system()) {}
  std::vector<at::Tensor> draw(const std::vector<at::Tensor>& like, double deviation, std::int64_t step) override;

 private:
  double normal();
  ChaCha20 generator_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace talweg::optim
