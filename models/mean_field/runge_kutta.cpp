#include "models/mean_field/runge_kutta.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace talweg::mean_field {
namespace {

constexpr int kStages = 7;
constexpr double kStageTimes[kStages] = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};
constexpr double kStageWeights[kStages][kStages - 1] = {
    {},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}};
// The difference of the results of orders 5 and 4.
constexpr double kStageErrors[kStages] = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                                          -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

}  // namespace

void integrate(const Flow& flow, double begin, double end, std::vector<double>& y, double& step, double tolerance) {
  std::vector<std::vector<double>> slopes(kStages, std::vector<double>(y.size()));
  std::vector<double> place(y.size());
  double t = begin;
  while (t < end) {
    const double h = std::min(step, end - t);
    for (int stage = 0; stage < kStages; ++stage) {
      for (std::size_t i = 0; i < y.size(); ++i) {
        place[i] = y[i];
        for (int before = 0; before < stage; ++before) place[i] += h * kStageWeights[stage][before] * slopes[before][i];
      }
      flow(t + kStageTimes[stage] * h, place, slopes[stage]);
    }
    double error = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      double difference = 0;
      for (int stage = 0; stage < kStages; ++stage) difference += h * kStageErrors[stage] * slopes[stage][i];
      error = std::max(error, std::abs(difference) / (tolerance * (1 + std::abs(y[i]))));
    }
    if (!(error <= 1) && !(h > 1e-14 * (1 + std::abs(t))))
      throw TrainingError(fmt::format("t = {:.6g}: the flow cannot be followed: steps shrank to {:.1e}", t, h));
    if (error <= 1) {
      t = h == end - t ? end : t + h;
      y = place;  // the last stage is the result of order 5
    }
    const double factor =
        std::isfinite(error) ? std::clamp(0.9 * std::pow(std::max(error, 1e-10), -0.2), 0.2, 5.0) : 0.2;
    // A last step that was cut says nothing of longer ones.
    if (h == step || error > 1 || factor < 1) step = h * factor;
  }
}

}  // namespace talweg::mean_field
