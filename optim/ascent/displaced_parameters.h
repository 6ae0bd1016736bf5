#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "core/config/fields.h"

namespace talweg::optim {

/// Over what the length of a displacement is measured.
enum class NormScope { all, each };
std::vector<std::pair<std::string, NormScope>> choices(NormScope);

/// Parameters that are moved about a point and put back bit for bit, never by subtracting what was added, which would
/// drift. While they are displaced they live in memory of their own and the point keeps theirs, so nothing is copied;
/// only a parameter whose memory somebody else can see (a view of it) is displaced where it is, and put back from a
/// copy. Memory: that of the parameters once more, kept from step to step.
class DisplacedParameters {
 public:
  explicit DisplacedParameters(std::vector<at::Tensor> parameters);

  /// The parameters as they stand become the point.
  void begin();
  /// Before all parameters are written anew: what they hold may be anything from now on. Does nothing where they are
  /// displaced already.
  void leave();
  /// θ ← 2·point − θ: the opposite displacement, which rounds to the same size.
  void reflect();
  /// The displacement keeps its direction, times `sign`, and gets this length: of all parameters together, or of each.
  /// A displacement of zero stays zero. Returns its length before: scalar, of all parameters together.
  at::Tensor set_length(double length, double sign, NormScope scope);
  /// θ ← point. Does nothing where they stand there.
  void restore();

  const std::vector<at::Tensor>& parameters() const { return parameters_; }
  /// Valid between leave() and restore().
  const std::vector<at::Tensor>& point() const { return point_; }

 private:
  /// ‖θ − point‖ of each parameter, [parameters] in float64.
  at::Tensor lengths();

  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> spare_;  // memory for what is not in use: the displaced parameters, or copies of the point
  std::vector<at::Tensor> point_;  // empty where the parameters stand there
  std::vector<bool> exchanged_;    // whether a parameter and its spare have changed memory
  at::Tensor lengths_;             // where they are known
};

}  // namespace talweg::optim
