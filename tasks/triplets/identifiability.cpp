#include "tasks/triplets/identifiability.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/libtorch.h"
#include "core/metrics/report_section.h"
#include "tasks/triplets/triplet_loss.h"

namespace talweg::tasks {
namespace {

constexpr std::int64_t kMostRows = 3000;

std::int64_t rows_below(const at::Tensor& counts, std::int64_t least) {
  return (counts < least).sum().item<std::int64_t>();
}

}  // namespace

ComparisonCounts count_comparisons(const ComparisonSummary& summary, std::int64_t rank) {
  const std::int64_t rows = summary.of_users().size(0) + summary.of_items().size(0);
  const auto n = static_cast<double>(rows);
  const std::vector<std::int64_t> sizes = summary.component_sizes();
  ComparisonCounts counts;
  counts.comparisons = summary.comparisons();
  counts.freedom = rank * rows - rank * rank - rank;
  counts.threshold = 0.25 * n * static_cast<double>(rank * rank) * std::log(n);
  counts.components = static_cast<std::int64_t>(sizes.size());
  counts.largest = *std::max_element(sizes.begin(), sizes.end());
  counts.users_below_rank = rows_below(summary.of_users(), rank);
  counts.users_without = rows_below(summary.of_users(), 1);
  counts.items_without = rows_below(summary.of_items(), 1);
  return counts;
}

std::optional<FactorInformation> factor_information(const at::Tensor& users, const at::Tensor& items,
                                                    const Triplets& t) {
  const std::int64_t n1 = users.size(0), n2 = items.size(0), r = users.size(1), rows = r * (n1 + n2),
                     m = t.users.size(0);
  const std::int64_t unseen = r * r + r;
  if (rows > kMostRows || rows <= unseen) return std::nullopt;
  const at::Tensor u = users.index_select(0, t.users).contiguous(),
                   d = (items.index_select(0, t.first) - items.index_select(0, t.second)).contiguous();
  const at::Tensor p = at::sigmoid((u * d).sum(1)), curvature = p * (1 - p) / static_cast<double>(m);
  const at::Tensor weight = (t.weights.defined() ? curvature * t.weights : curvature).contiguous();
  at::Tensor information = at::zeros({rows, rows}, at::kDouble);
  double* const matrix = information.mutable_data_ptr<double>();
  std::vector<std::pair<std::int64_t, double>> slope(static_cast<std::size_t>(3 * r));
  for (std::int64_t k = 0; k < m; ++k) {
    const std::int64_t user = t.users.const_data_ptr<std::int32_t>()[k],
                       first = n1 + t.first.const_data_ptr<std::int32_t>()[k],
                       second = n1 + t.second.const_data_ptr<std::int32_t>()[k];
    for (std::int64_t c = 0; c < r; ++c) {
      const double of_u = u.const_data_ptr<double>()[k * r + c], of_d = d.const_data_ptr<double>()[k * r + c];
      slope[static_cast<std::size_t>(3 * c)] = {user * r + c, of_d};
      slope[static_cast<std::size_t>(3 * c + 1)] = {first * r + c, of_u};
      slope[static_cast<std::size_t>(3 * c + 2)] = {second * r + c, -of_u};
    }
    const double w = weight.const_data_ptr<double>()[k];
    for (const auto& [i, a] : slope)
      for (const auto& [j, b] : slope) matrix[i * rows + j] += w * a * b;
  }
  const at::Tensor values = at::linalg_eigvalsh(information);
  return FactorInformation{values[unseen].item<double>(), values[-1].item<double>()};
}

nlohmann::json identifiability_section(const ComparisonCounts& counts,
                                       const std::optional<FactorInformation>& information) {
  constexpr double kNothing = 1e-12;
  std::string text;
  if (counts.comparisons < counts.freedom)
    text = fmt::format(
        "There are fewer comparisons ({}) than the factors have degrees of freedom ({}): the data do not "
        "determine them.",
        counts.comparisons, counts.freedom);
  else if (counts.components > 1)
    text = fmt::format(
        "Items fall into {} groups between which nobody compared; utilities of different groups cannot "
        "be compared either.",
        counts.components);
  else if (information && information->least < kNothing * information->greatest)
    text =
        "There are directions in which the factors move without a word from the comparisons: the data do not determine "
        "them.";
  else if (information)
    text = fmt::format(
        "The comparisons determine the factors near those that were found; the least known direction has "
        "{:.2g} of the information of the best known.",
        information->least / information->greatest);
  else
    text = "No count speaks against the factors being determined; the information of so many was not computed.";
  nlohmann::json section = {{"text", text},
                            {"comparisons", counts.comparisons},
                            {"freedom", counts.freedom},
                            {"threshold", std::llround(counts.threshold)},
                            {"components", counts.components},
                            {"largest", counts.largest},
                            {"users_below_rank", counts.users_below_rank},
                            {"items_without", counts.items_without}};
  metrics::ReportSection report{.heading = "Identifiability",
                                .text = "text",
                                .columns = {{"comparisons", "comparisons"},
                                            {"degrees of freedom", "freedom"},
                                            {"n r² ln n / 4", "threshold"},
                                            {"groups of items", "components"},
                                            {"items in the largest", "largest"},
                                            {"users below r comparisons", "users_below_rank"},
                                            {"items never compared", "items_without"}}};
  if (information) {
    section["least_information"] = information->least;
    section["greatest_information"] = information->greatest;
    report.columns.emplace_back("least information", "least_information");
    report.columns.emplace_back("greatest", "greatest_information");
  }
  section[metrics::kReportMember] = to_json(report);
  return section;
}

}  // namespace talweg::tasks
