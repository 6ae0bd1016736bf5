#pragma once

#include <string>
#include <vector>

#include "core/plot/figure.h"
#include "core/report/curves.h"
#include "core/report/run.h"

/// The parts of a report page, each as HTML; a part without content is empty.
namespace talweg::report {

/// Names, status, times, reasons of a failure; of a single run its key numbers.
std::string header_section(const std::vector<Run>& runs);

/// A table of runs in their order, for runs that nothing decides among.
std::string comparison_section(const std::vector<Run>& runs);

/// The name of a run beside the colour of its curves.
std::string run_name(const std::vector<Run>& runs, size_t run);

/// "completed", "failed", …, in its colour.
std::string status_badge(const std::string& status);

/// Claim, metric, expected ± tolerance, got, verdict, source.
std::string expectation_section(const std::vector<Run>& runs);

/// The statements of optimizers, tasks and studies on their runs, in a form of their own
/// (core/metrics/report_section.h): a section for every heading, with paragraphs to quote and a table of a row a run.
std::string stated_sections(const std::vector<Run>& runs);

/// Texts that models wrote, prompt by prompt and in the order of steps.
std::string sample_section(const std::vector<Run>& runs);

/// Final, lowest and highest value of every metric of a single run.
std::string numbers_section(const Run& run);

/// The configuration keys that differ between runs, but for those that only name them.
std::string difference_section(const std::vector<Run>& runs);

/// Full configuration, what the run states of itself beside its metrics, and environment, folded.
std::string detail_section(const std::vector<Run>& runs);

/// Names beside swatches of the colours and styles of the figure's curves.
std::string legend(const plot::Figure& figure);

}  // namespace talweg::report
