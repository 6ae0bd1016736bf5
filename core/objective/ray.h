#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <vector>

namespace talweg {

class Objective;

/// A direction d in parameter space: one tensor per trainable parameter, of the parameter's shape.
using Direction = std::vector<at::Tensor>;

/// The objective on the half line theta − eta·d: phi(eta) = f(theta − eta·d), for the frozen objective of one step.
/// While a Ray lives, the parameters may stand anywhere on it; its destructor puts them back to theta
/// bit for bit unless accept() was called.
class Ray {
 public:
  virtual ~Ray() = default;

  /// phi at each step size, in order. Forward passes only; no graph is built. Non-finite values are returned as they
  /// are. Linear models evaluate a block of step sizes in one pass over the data; the general ray needs one forward
  /// each.
  virtual std::vector<double> values(std::span<const double> step_sizes) = 0;

  /// How many step sizes values() gives for about the price of one; 1 for the general ray.
  virtual std::size_t block_size() const { return 1; }

  /// Whether phi is known to be convex; then the steps that a test of sufficient decrease accepts are an interval from
  /// 0.
  virtual bool is_convex() const { return false; }

  /// Leaves the parameters at theta − eta·d for good.
  virtual void accept(double step_size) = 0;

  /// Forward passes over the batch made so far.
  virtual std::int64_t forwards() const = 0;
};

/// The ray of any objective: moves the parameters in place and evaluates Objective::value().
/// Memory: one copy of the parameters.
std::unique_ptr<Ray> make_parameter_ray(Objective& objective, Direction direction);

}  // namespace talweg
