#include "core/report/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/commands/commands.h"
#include "core/report/mlflow_store.h"

namespace talweg::app {

namespace fs = std::filesystem;

namespace {

/// The run directories that were named; the folder of a sweep stands for its runs.
std::vector<fs::path> named_runs(const Invocation& invocation) {
  std::vector<fs::path> runs;
  for (const std::string& argument : invocation.arguments) {
    if (fs::exists(fs::path(argument) / "sweep.yaml")) {
      std::vector<fs::path> points;
      for (const auto& entry : fs::directory_iterator(argument))
        if (fs::exists(entry.path() / "config.yaml")) points.push_back(entry.path());
      std::sort(points.begin(), points.end());
      runs.insert(runs.end(), points.begin(), points.end());
    } else {
      runs.emplace_back(argument);
    }
  }
  return runs;
}

}  // namespace

int report(const Invocation& invocation) {
  const std::vector<fs::path> runs = named_runs(invocation);
  const fs::path output = !invocation.output.empty() ? fs::path(invocation.output)
                          : runs.size() == 1         ? runs.front() / "report.html"
                                                     : fs::path("compare.html");
  report::write_report(runs, output);
  fmt::print("{}\n", output.string());
  return 0;
}

int mlflow(const Invocation& invocation) {
  const fs::path store = invocation.output.empty() ? fs::path("mlruns") : fs::path(invocation.output);
  report::write_mlflow_store(named_runs(invocation), store, "talweg");
  fmt::print("{0}: open it with 'mlflow ui --backend-store-uri {0}'\n", store.string());
  return 0;
}

}  // namespace talweg::app
