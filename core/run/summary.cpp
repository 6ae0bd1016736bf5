#include "core/run/summary.h"

#include "core/io/json_number.h"

namespace talweg {
namespace {

nlohmann::json describe(const Verdict& verdict) {
  const Expectation& expectation = verdict.expectation;
  return {{"claim", expectation.claim},
          {"metric", expectation.metric},
          {"at", expectation.below || expectation.above ? "every step" : expectation.at.text()},
          {"expected", verdict.expected},
          {"got", verdict.got ? io::json_number(*verdict.got) : nlohmann::json()},
          {"met", verdict.met},
          {"source", expectation.source}};
}

}  // namespace

const char* name_of(RunStatus status) {
  switch (status) {
    case RunStatus::completed:
      return "completed";
    case RunStatus::paused:
      return "paused";
    case RunStatus::interrupted:
      return "interrupted";
    case RunStatus::failed:
      return "failed";
  }
  return "";
}

nlohmann::json summarize(const RunHeader& header, const RunOutcome& outcome, const std::vector<Verdict>& verdicts) {
  nlohmann::json summary = {{"name", header.name},
                            {"status", name_of(outcome.status)},
                            {"steps", outcome.steps},
                            {"seconds", outcome.seconds}};
  summary.update(outcome.counts);
  if (!header.description.empty()) summary["description"] = header.description;
  if (!outcome.reason.empty()) summary["reason"] = outcome.reason;
  summary["metrics"] = nlohmann::json::object();
  for (const auto& [metric, value] : outcome.metrics) summary["metrics"][metric] = io::json_number(value);
  summary.update(outcome.account);
  if (outcome.best)
    summary["best"] = {
        {"metric", outcome.best->metric}, {"value", outcome.best->found.value}, {"step", outcome.best->found.step}};
  for (const Verdict& verdict : verdicts) summary["expectations"].push_back(describe(verdict));
  return summary;
}

}  // namespace talweg
