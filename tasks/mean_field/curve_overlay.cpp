#include "tasks/mean_field/curve_overlay.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace talweg::tasks {
namespace {

constexpr int kPointsOfALimit = 200, kBlack = 7;

/// The picture that shows a quantity of a limit, by names.
constexpr std::pair<const char*, const char*> kPicturesOfLimits[] = {{"a", "second_layer"},
                                                                     {"overlap", "overlap"},
                                                                     {"error", "errors"},
                                                                     {"scaled_overlap", "scaled_overlap"},
                                                                     {"scaled_neurons", "neurons"}};

struct PictureOfNetworks {
  const char* picture;
  const char* quantity;
  double (*factor)(double width);
};
double one(double) {
  return 1;
}
double root(double width) {
  return std::sqrt(width);
}
const PictureOfNetworks kPicturesOfNetworks[] = {
    {"errors", "test_error", one}, {"errors", "train_error", one},
    {"second_layer", "a", one},    {"gamma", "a", [](double m) { return 1 / std::sqrt(m); }},
    {"overlap", "overlap", one},   {"scaled_overlap", "overlap", root},
    {"start", "start", one},       {"neurons", "neurons", [](double m) { return m; }}};

plot::Figure* find(std::vector<plot::Figure>& figures, const std::string& name) {
  const auto found =
      std::find_if(figures.begin(), figures.end(), [&](const plot::Figure& f) { return f.name == name; });
  return found == figures.end() ? nullptr : &*found;
}

}  // namespace

void draw_limit(LimitCurve& limit, double until, std::vector<plot::Figure>& figures) {
  const std::vector<LimitCurve::Quantity> quantities = limit.quantities();
  std::vector<double> times;
  std::vector<std::vector<double>> values;
  for (int i = 0; i < kPointsOfALimit; ++i) {
    times.push_back(until * std::pow(1e-4, 1 - static_cast<double>(i) / (kPointsOfALimit - 1)));
    values.push_back(limit.at(times.back()));
  }
  for (std::size_t q = 0; q < quantities.size(); ++q)
    for (const auto& [quantity, picture] : kPicturesOfLimits) {
      plot::Figure* figure = quantities[q].name == quantity ? find(figures, picture) : nullptr;
      if (!figure || figure->series.empty()) continue;
      // From where the equations' own curves begin.
      double begin = times.back();
      for (const double t : figure->series.front().x)
        if (t > 0) begin = std::min(begin, t);
      plot::Series series{"many neurons", {}, {}, plot::SeriesStyle::dashed, kBlack};
      for (std::size_t i = 0; i < times.size(); ++i)
        if (times[i] >= begin) {
          series.x.push_back(times[i]);
          series.y.push_back(values[i][q]);
        }
      figure->series.push_back(std::move(series));
    }
}

void draw_networks(const std::vector<TrainedNetworks>& networks, TimeUnit unit, std::vector<plot::Figure>& figures) {
  for (const auto& [picture, quantity, factor] : kPicturesOfNetworks)
    if (plot::Figure* figure = find(figures, picture)) draw_trained_networks(networks, quantity, factor, unit, *figure);
}

}  // namespace talweg::tasks
