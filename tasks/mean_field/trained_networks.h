#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/plot/figure.h"
#include "tasks/mean_field/time_grid.h"

namespace talweg::tasks {

/// What trained networks of one width came to, on the theory's time: means over runs and their standard errors.
struct TrainedNetworks {
  double width = 1;
  std::int64_t runs = 0;
  std::vector<double> times;
  /// Of each quantity by the names of the theory's ("a", "overlap", "test_error", "train_error", "start", "neurons"),
  /// at the times.
  struct Quantity {
    std::string name;
    std::vector<double> means, errors;
  };
  std::vector<Quantity> quantities;
};

/// Reads runs of the task `two_layer_network`: folders of runs, or folders of sweeps that hold them. Runs of one width
/// are taken together. Time is t = steps·lr·d/n. Throws DataError naming the run that is of another task, was not made
/// by descent with one learning rate, or was evaluated at other steps than its neighbours.
std::vector<TrainedNetworks> read_trained_networks(const std::vector<std::filesystem::path>& folders);

/// Draws the quantity times `factor` of the width, against time in `unit`, as points with bars of one standard error.
/// Nothing where it was not recorded.
void draw_trained_networks(const std::vector<TrainedNetworks>& networks, const std::string& quantity,
                           const std::function<double(double width)>& factor, TimeUnit unit, plot::Figure& figure);

}  // namespace talweg::tasks
