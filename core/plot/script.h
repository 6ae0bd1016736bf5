#pragma once

#include <string>

#include "core/plot/figure.h"
#include "core/plot/render.h"

namespace talweg::plot {

/// The gnuplot commands that draw one figure into the file `output`, data included.
std::string gnuplot_script(const Figure& figure, const RenderOptions& options, const std::string& output);

}  // namespace talweg::plot
