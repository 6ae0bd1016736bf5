#include "core/task/metric_series.h"

namespace talweg {

plot::Series series_of(const std::string& metric, const std::string& name,
                       const std::vector<metrics::Record>& records) {
  plot::Series series;
  series.name = name;
  for (const metrics::Record& record : records)
    for (const auto& [known, value] : record.values)
      if (known == metric) {
        series.x.push_back(static_cast<double>(record.step));
        series.y.push_back(value);
      }
  return series;
}

}  // namespace talweg
