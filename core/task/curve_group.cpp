#include "core/task/curve_group.h"

namespace talweg {

plot::Figure make_figure(const CurveGroup& group, const std::vector<metrics::Record>& records) {
  plot::Figure figure;
  figure.name = group.name;
  figure.title = group.title;
  figure.x_label = "step";
  figure.y_label = group.y_label;
  figure.y_log = group.y_log;
  figure.caption = group.caption;
  figure.references = group.references;
  for (const CurveGroup::Curve& curve : group.curves) {
    plot::Series series;
    series.name = curve.label;
    series.style = curve.style;
    for (const metrics::Record& record : records)
      for (const auto& [name, value] : record.values) {
        if (name != curve.metric) continue;
        series.x.push_back(static_cast<double>(record.step));
        series.y.push_back(value);
      }
    if (!series.x.empty()) figure.series.push_back(std::move(series));
  }
  return figure;
}

}  // namespace talweg
