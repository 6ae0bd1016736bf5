#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/config/component.h"
#include "tasks/mean_field/network_options.h"
#include "tasks/mean_field/time_grid.h"

namespace talweg::tasks {

/// A limit of large networks at one scale of time, as curves that need no width.
class LimitCurve {
 public:
  virtual ~LimitCurve() = default;
  /// The power of m that its time is measured in.
  virtual TimeUnit unit() const = 0;
  /// What at() gives, by metric name and axis label.
  struct Quantity {
    std::string name, label;
  };
  virtual std::vector<Quantity> quantities() const = 0;
  /// The quantities at time t, which never decreases from call to call.
  virtual std::vector<double> at(double t) = 0;
  /// Numbers of the limit itself, such as where a curve goes.
  virtual std::vector<std::pair<std::string, double>> constants() const { return {}; }
};

/// The kind of component that `limit:` chooses, of the network that the study describes.
struct LimitCurveKind {
  static constexpr const char* name = "mean-field limit";
  using Signature = std::unique_ptr<LimitCurve>(const NetworkOptions& network);
};

/// Puts flow, lazy_start, noise_start and spherical_spin into the registry.
void register_limit_curves();

}  // namespace talweg::tasks
