#pragma once

#include "core/data/labelled_data.h"

namespace talweg::data {

// Small data sets with closed formulas, in float64: any program in any language can rebuild them digit by digit, so
// numbers that were computed on them can be compared.

/// 64 points in R⁴ of two classes, linearly separable without an intercept; the largest norm is 1, the smoothness of
/// the logistic loss 0.0450571744.
LabelledData golden_separable();

/// The points of golden_separable() with the labels of rows 4, 11, 21, 34 and 48 (from 1) flipped: not separable,
/// smallest logistic loss 0.2999830292711.
LabelledData golden_overlapping();

/// 60 points in R⁴ of three classes; the largest norm is 1.
LabelledData golden_three_classes();

}  // namespace talweg::data
