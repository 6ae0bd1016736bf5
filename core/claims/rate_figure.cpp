#include "core/claims/rate_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace talweg {
namespace {

constexpr int kPoints = 200;

plot::Series line_of(const Rate& rate, double first, double last, bool logarithmic) {
  plot::Series series;
  Rate shown = rate;
  shown.offset = 0;  // it is subtracted from the measured curve
  series.name = shown.formula();
  series.style = plot::SeriesStyle::dashed;
  first = std::max(first, static_cast<double>(rate.from));
  if (rate.to) last = std::min(last, static_cast<double>(*rate.to));
  for (int i = 0; i <= kPoints; ++i) {
    const double share = static_cast<double>(i) / kPoints;
    const double step = logarithmic ? first * std::pow(last / first, share) : first + share * (last - first);
    series.x.push_back(step);
    series.y.push_back(rate.at(step));
  }
  return series;
}

std::string file_name(std::string metric) {
  std::replace(metric.begin(), metric.end(), '/', '_');
  return "rate_" + metric;
}

plot::Figure make_figure(const std::string& metric, const std::vector<const Rate*>& rates,
                         const std::vector<metrics::Record>& records) {
  const double offset = rates.front()->offset;
  plot::Figure figure;
  figure.name = file_name(metric);
  figure.title = (offset == 0 ? metric : fmt::format("{} − {:.6g}", metric, offset)) + " and its rate";
  figure.x_label = "step";
  figure.y_log = true;
  figure.x_log = std::all_of(rates.begin(), rates.end(), [](const Rate* rate) { return rate->factor == 1; });
  figure.caption = "Dashed: the rates that are claimed.";
  plot::Series measured;
  measured.name = "measured";
  for (const metrics::Record& record : records)
    for (const auto& [name, value] : record.values) {
      if (name != metric) continue;
      measured.x.push_back(static_cast<double>(record.step));
      measured.y.push_back(value - offset);
    }
  if (measured.x.empty()) return figure;
  const double first = std::max(1.0, measured.x.front()), last = measured.x.back();
  figure.series.push_back(std::move(measured));
  for (const Rate* rate : rates) figure.series.push_back(line_of(*rate, first, last, figure.x_log));
  return figure;
}

}  // namespace

std::vector<plot::Figure> make_rate_figures(const std::vector<Expectation>& expectations,
                                            const std::vector<metrics::Record>& records) {
  std::map<std::pair<std::string, double>, std::vector<const Rate*>> groups;  // by metric and offset
  for (const Expectation& expectation : expectations)
    for (const std::optional<Rate>* rate : {&expectation.below, &expectation.above})
      if (*rate) groups[{expectation.metric, (*rate)->offset}].push_back(&**rate);
  std::vector<plot::Figure> figures;
  for (const auto& [key, rates] : groups) {
    plot::Figure figure = make_figure(key.first, rates, records);
    if (!figure.series.empty()) figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace talweg
