#include "core/report/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/commands/commands.h"

namespace talweg::app {

namespace fs = std::filesystem;

int report(const Invocation& invocation) {
  std::vector<fs::path> runs;
  for (const std::string& argument : invocation.arguments) {
    // The folder of a sweep stands for its runs.
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
  const fs::path output = !invocation.output.empty() ? fs::path(invocation.output)
                          : runs.size() == 1         ? runs.front() / "report.html"
                                                     : fs::path("compare.html");
  report::write_report(runs, output);
  fmt::print("{}\n", output.string());
  return 0;
}

}  // namespace talweg::app
