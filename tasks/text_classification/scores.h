#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace talweg::tasks {

// How well predictions agree with the truth. All take lists of equal length ≥ 1.

/// Share of equal classes.
double accuracy(std::span<const std::int64_t> predicted, std::span<const std::int64_t> truth);

/// 2·TP/(2·TP + FP + FN) of one class; 0 when the class is neither predicted nor there.
double f1(std::span<const std::int64_t> predicted, std::span<const std::int64_t> truth, std::int64_t of_class);

/// Matthews' correlation of classes; for more than two Gorodkin's R_K. 0 when either list has one class only.
/// Source: Matthews 1975; Gorodkin 2004 eq. 8.
double matthews(std::span<const std::int64_t> predicted, std::span<const std::int64_t> truth);

/// Pearson's correlation; 0 when either list is constant.
double pearson(std::span<const double> a, std::span<const double> b);

/// Spearman's correlation: Pearson's of the ranks, equal values sharing the mean of theirs.
double spearman(std::span<const double> a, std::span<const double> b);

}  // namespace talweg::tasks
