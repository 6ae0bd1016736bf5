#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "core/config/fields.h"

namespace talweg::optim {

/// Over what the length of a displacement is measured.
enum class NormScope { all, each };
std::vector<std::pair<std::string, NormScope>> choices(NormScope);

/// Parameters that are moved about a point and put back bit for bit: from a copy, never by subtracting what was added,
/// which would drift. Memory: one copy, kept from step to step.
class DisplacedParameters {
 public:
  explicit DisplacedParameters(std::vector<at::Tensor> parameters) : parameters_(std::move(parameters)) {}

  /// The parameters as they stand become the point.
  void begin();
  /// θ ← 2·point − θ: the opposite displacement, which rounds to the same size.
  void reflect();
  /// The displacement keeps its direction, times `sign`, and gets this length: of all parameters together, or of each.
  /// A displacement of zero stays zero. Answers its length before: scalar, of all parameters together.
  at::Tensor set_length(double length, double sign, NormScope scope);
  /// θ ← point.
  void restore();

  const std::vector<at::Tensor>& parameters() const { return parameters_; }
  /// Valid after begin().
  const std::vector<at::Tensor>& point() const { return point_; }

 private:
  std::vector<at::Tensor> parameters_, point_;
};

/// Puts the parameters back at the end of a scope, whatever happens in it.
class RestoreGuard {
 public:
  explicit RestoreGuard(DisplacedParameters& parameters) : parameters_(parameters) {}
  ~RestoreGuard() { parameters_.restore(); }
  RestoreGuard(const RestoreGuard&) = delete;
  RestoreGuard& operator=(const RestoreGuard&) = delete;

 private:
  DisplacedParameters& parameters_;
};

}  // namespace talweg::optim
