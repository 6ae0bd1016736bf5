#include "optim/derivative_free/cor_cfd.h"

#include <algorithm>
#include <cmath>

#include "core/libtorch.h"
#include "optim/derivative_free/quotients.h"

namespace talweg::optim {
namespace {

/// How an effort of n pairs is divided.
struct Division {
  std::int64_t pilots_each;  ///< n_b
  std::int64_t fresh;        ///< n₂
};

Division divide(std::int64_t pairs, double pilot_share, std::int64_t perturbations) {
  const auto share = static_cast<std::int64_t>(
      std::floor(pilot_share * static_cast<double>(pairs) / static_cast<double>(perturbations) + 1e-9));
  const std::int64_t each = std::max<std::int64_t>(2, share);
  const std::int64_t fresh = pilot_share < 1 ? std::max<std::int64_t>(1, pairs - each * perturbations) : 0;
  return {each, fresh};
}

std::int64_t pairs_of(const PilotOptions& options, double pilot_share) {
  const double pilots = static_cast<double>(options.perturbations * options.pairs);
  const std::int64_t pairs = std::llround(pilots / pilot_share);
  return (pairs + options.perturbations - 1) / options.perturbations * options.perturbations;
}

std::int64_t evaluations_of(const PilotOptions& options, double pilot_share, std::int64_t dimension,
                            std::int64_t pairs) {
  const Division division = divide(pairs, pilot_share, options.perturbations);
  return 2 * options.directions.of(dimension) * (options.perturbations * division.pilots_each + division.fresh);
}

/// A slope along one direction, with what is known of its error.
struct Slope {
  double value, variance, bias;
};

/// Puts slopes along the directions of a frame together.
class Assembly {
 public:
  void add(const Slope& slope, const PilotResult& pilots) {
    slopes_.push_back(slope.value);
    estimate_.squared_error += slope.variance + slope.bias * slope.bias;
    estimate_.projected_variance += slope.value * slope.value * slope.variance;
    estimate_.noise_variance += pilots.moments.noise_variance;
    estimate_.perturbation += pilots.perturbation;
  }
  GradientEstimate finish(const Frame& frame, std::int64_t clamps) {
    estimate_.gradient = frame.combine(slopes_);
    estimate_.noise_variance /= static_cast<double>(frame.count());
    estimate_.perturbation /= static_cast<double>(frame.count());
    estimate_.clamps = clamps;
    return std::move(estimate_);
  }

 private:
  std::vector<double> slopes_;
  GradientEstimate estimate_{.gradient = {}, .squared_error = 0, .projected_variance = 0, .noise_variance = 0};
};

/// The means of n₂ fresh quotients at ĥ along every direction; where there is no noise, at the longest pilot.
std::vector<double> fresh_means(Observer& observer, const at::Tensor& x, const Frame& frame,
                                const std::vector<PilotResult>& pilots, std::int64_t fresh) {
  Perturbations perturbations;
  for (const PilotResult& pilot : pilots)
    perturbations.h.push_back(pilot.perturbation > 0 ? pilot.perturbation : pilot.moments.h.back());
  const at::Tensor means = central_quotients(observer, x, frame, perturbations, fresh).mean(2).contiguous();
  return {means.const_data_ptr<double>(), means.const_data_ptr<double>() + means.numel()};
}

double fresh_variance(const PilotResult& pilot, std::int64_t fresh) {
  return pilot.moments.noise_variance / (2 * static_cast<double>(fresh) * pilot.perturbation * pilot.perturbation);
}

}  // namespace

void declare(config::Fields& f, CorCfdOptions& o) {
  declare(f, static_cast<PilotOptions&>(o));
  f("pilot_share", o.pilot_share, "lambda: share of the pairs that are pilots; 1: all, which is best for large efforts",
    config::above(0), config::at_most(1));
}

std::int64_t CorCfd::first_pairs() const {
  return pairs_of(options_, options_.pilot_share);
}

std::int64_t CorCfd::evaluations(std::int64_t dimension, std::int64_t pairs) const {
  return evaluations_of(options_, options_.pilot_share, dimension, pairs);
}

GradientEstimate CorCfd::estimate(Observer& observer, const at::Tensor& x, std::int64_t pairs,
                                  const RandomStreams& streams) {
  const Frame frame = options_.directions.frame(x.numel(), streams);
  const Division division = divide(pairs, options_.pilot_share, options_.perturbations);
  const std::vector<PilotResult> pilots =
      pilots_.observe(observer, x, frame, division.pilots_each, static_cast<double>(pairs), streams);
  std::vector<double> fresh;
  if (division.fresh > 0) fresh = fresh_means(observer, x, frame, pilots, division.fresh);
  const auto piloted = static_cast<double>(options_.perturbations * division.pilots_each);
  const double share = piloted / (piloted + static_cast<double>(division.fresh));
  Assembly assembly;
  for (std::size_t i = 0; i < pilots.size(); ++i) {
    const PilotResult& pilot = pilots[i];
    Slope slope{pilot.fit.slope, 0, 0};
    if (pilot.perturbation > 0) {
      const RecycledMean recycled = recycle(pilot.moments, pilot.fit, pilot.perturbation);
      slope = {recycled.value, recycled.variance, pilot.fit.curvature * pilot.perturbation * pilot.perturbation};
      if (division.fresh > 0) {
        slope.value = share * recycled.value + (1 - share) * fresh[i];
        slope.variance =
            share * share * recycled.variance + (1 - share) * (1 - share) * fresh_variance(pilot, division.fresh);
      }
    }
    assembly.add(slope, pilot);
  }
  return assembly.finish(frame, pilots_.clamps());
}

void declare(config::Fields& f, EmCfdOptions& o) {
  declare(f, static_cast<PilotOptions&>(o));
  f("pilot_share", o.pilot_share, "share of the pairs that are pilots", config::above(0), config::below(1));
}

std::int64_t EmCfd::first_pairs() const {
  return pairs_of(options_, options_.pilot_share);
}

std::int64_t EmCfd::evaluations(std::int64_t dimension, std::int64_t pairs) const {
  return evaluations_of(options_, options_.pilot_share, dimension, pairs);
}

GradientEstimate EmCfd::estimate(Observer& observer, const at::Tensor& x, std::int64_t pairs,
                                 const RandomStreams& streams) {
  const Frame frame = options_.directions.frame(x.numel(), streams);
  const Division division = divide(pairs, options_.pilot_share, options_.perturbations);
  const std::vector<PilotResult> pilots =
      pilots_.observe(observer, x, frame, division.pilots_each, static_cast<double>(division.fresh), streams);
  const std::vector<double> fresh = fresh_means(observer, x, frame, pilots, division.fresh);
  Assembly assembly;
  for (std::size_t i = 0; i < pilots.size(); ++i) {
    const PilotResult& pilot = pilots[i];
    Slope slope{pilot.fit.slope, 0, 0};
    if (pilot.perturbation > 0)
      slope = {fresh[i], fresh_variance(pilot, division.fresh),
               pilot.fit.curvature * pilot.perturbation * pilot.perturbation};
    assembly.add(slope, pilot);
  }
  return assembly.finish(frame, pilots_.clamps());
}

}  // namespace talweg::optim
