#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "tasks/triplets/comparison_summary.h"

namespace talweg::tasks {

/// What training comparisons can say about factors, whatever these are.
struct ComparisonCounts {
  std::int64_t comparisons = 0;
  std::int64_t freedom = 0;     ///< r(n1 + n2) − r² − r: a change of basis and a shift of all items are not seen
  double threshold = 0;         ///< n r² ln n/4 with n = n1 + n2: the order of the theory, with the constant of its
                                ///< simulations. Source: Sankagiri et al. 2025
  std::int64_t components = 0;  ///< of the graph in which items that were compared are neighbours
  std::int64_t largest = 0;     ///< items in the largest of them
  std::int64_t users_below_rank = 0, users_without = 0, items_without = 0;  ///< with fewer than r comparisons, or none
};
ComparisonCounts count_comparisons(const ComparisonSummary& summary, std::int64_t rank);

/// Eigenvalues of the Fisher information (1/m) Σ g'(z_k) ∇z_k ∇z_kᵀ of the factors at [U; V], its r² + r directions
/// without information aside. `least` near zero means directions in which factors move without a word from the data.
struct FactorInformation {
  double least = 0, greatest = 0;
};
/// By the dense eigenvalues of a matrix of r(n1 + n2) rows; nothing where these are more than 3000.
std::optional<FactorInformation> factor_information(const at::Tensor& users, const at::Tensor& items,
                                                    const Triplets& triplets);

/// Both as a section of the report (core/metrics/report_section.h), with a sentence on what they say.
nlohmann::json identifiability_section(const ComparisonCounts& counts,
                                       const std::optional<FactorInformation>& information);

}  // namespace talweg::tasks
