#include "core/plot/series.h"

#include <algorithm>
#include <cmath>

namespace talweg::plot {

Series decimated(const Series& series, size_t most_points) {
  const size_t count = series.x.size();
  if (count <= most_points || most_points < 8) return series;
  Series kept{series.name, {}, {}, series.style, series.colour, {}};
  const auto keep = [&](size_t i) {
    kept.x.push_back(series.x[i]);
    kept.y.push_back(series.y[i]);
  };
  const size_t buckets = most_points / 2 - 1;
  keep(0);
  for (size_t bucket = 0; bucket < buckets; ++bucket) {
    const size_t begin = 1 + bucket * (count - 2) / buckets;
    const size_t end = 1 + (bucket + 1) * (count - 2) / buckets;
    size_t low = end, high = end, gap = end;
    for (size_t i = begin; i < end; ++i) {
      if (!std::isfinite(series.y[i])) {
        gap = i;
        continue;
      }
      if (low == end || series.y[i] < series.y[low]) low = i;
      if (high == end || series.y[i] > series.y[high]) high = i;
    }
    size_t chosen[] = {low, high, gap};
    std::sort(std::begin(chosen), std::end(chosen));
    for (size_t k = 0; k < 3; ++k)
      if (chosen[k] < end && (k == 0 || chosen[k] != chosen[k - 1])) keep(chosen[k]);
  }
  keep(count - 1);
  return kept;
}

Series smoothed(const Series& series, double half_life) {
  Series result = series;
  const double decay = std::exp2(-1 / half_life);
  double sum = 0, weight = 0;
  for (double& y : result.y) {
    if (!std::isfinite(y)) continue;
    sum = decay * sum + y;
    weight = decay * weight + 1;
    y = sum / weight;
  }
  return result;
}

}  // namespace talweg::plot
