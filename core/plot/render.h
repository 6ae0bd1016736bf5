#pragma once

#include <string>
#include <vector>

#include "core/plot/figure.h"

namespace talweg::plot {

struct RenderOptions {
  int width = 480, height = 300;  ///< of the view box; the picture scales to its container
  bool legend = true;             ///< inside the picture; a page may prefer to write its own
  bool title = true;
};

/// One SVG element per figure, drawn by one gnuplot process (gnuplot ≥ 5.4 with its svg terminal).
///
/// Colours are CSS variables with fallbacks: --plot-ink, --plot-muted, --plot-grid, and --series-0
/// … --series-7 (a palette that colour-blind readers can tell apart), so that a page may restyle
/// the same picture for a dark screen. Text of a figure is only ever shown: it cannot inject
/// gnuplot commands or markup. Throws SystemError when gnuplot is missing ("install gnuplot-nox")
/// or fails.
std::vector<std::string> render_svg(const std::vector<Figure>& figures, const RenderOptions& options = {});

/// CSS of one of the palette's colours for series `index`, e.g. "var(--series-0, #0072b2)".
std::string series_colour(size_t index);

}  // namespace talweg::plot
