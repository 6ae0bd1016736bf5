#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/metrics/record.h"
#include "core/plot/figure.h"

namespace talweg {

/// Recorded metrics that belong into one picture: a curve beside its bound and its baseline.
struct CurveGroup {
  std::string name;  ///< of the figure
  std::string title, y_label, caption;
  struct Curve {
    std::string metric;  ///< "eval/loss"
    std::string label;
    plot::SeriesStyle style = plot::SeriesStyle::line;
  };
  std::vector<Curve> curves;
  std::vector<plot::ReferenceLine> references;
  bool y_log = false;
};

/// The group over the steps of a run; metrics that were not recorded are left out.
plot::Figure make_figure(const CurveGroup& group, const std::vector<metrics::Record>& records);

}  // namespace talweg
