#include "tasks/mean_field/trained_networks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/metrics/json_lines.h"
#include "core/train/run_config.h"
#include "tasks/mean_field/two_layer_network.h"

namespace talweg::tasks {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSymbolsOfACurve = 24;

/// What a run records, and what the theory calls it.
constexpr std::pair<const char*, const char*> kRecorded[] = {{"eval/a", "a"},
                                                             {"eval/overlap", "overlap"},
                                                             {"eval/loss", "test_error"},
                                                             {"eval/train_error", "train_error"},
                                                             {"eval/start", "start"},
                                                             {"eval/neurons", "neurons"}};

struct OneRun {
  double width = 1;
  std::vector<double> times;
  std::map<std::string, std::vector<double>> values;
};

std::vector<fs::path> runs_below(const fs::path& folder) {
  if (fs::exists(folder / "metrics.jsonl")) return {folder};
  std::vector<fs::path> runs;
  if (fs::is_directory(folder))
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
      if (entry.path().filename() == "metrics.jsonl") runs.push_back(entry.path().parent_path());
  if (runs.empty())
    throw DataError(fmt::format("'{}' is no run and holds none: a run has a file metrics.jsonl", folder.string()));
  std::sort(runs.begin(), runs.end());
  return runs;
}

/// The theory's time of one step.
double time_of_step(const fs::path& run, const config::Value& root, TwoLayerNetworkOptions& network) {
  const config::Value* task = root.find("task");
  const config::Value* type = task ? task->find("type") : nullptr;
  if (!type || type->text != "two_layer_network")
    throw DataError(
        fmt::format("'{}' is a run of '{}', not of 'two_layer_network'", run.string(), type ? type->text : "?"));
  config::Diagnostics diagnostics;
  config::parse_into(*task, network, diagnostics, {"type"});
  diagnostics.throw_if_any();
  const auto config = config::parse<RunConfig>(root);
  const std::optional<double> rate =
      config.optimizer.create(name_parameters({at::zeros({1}, at::kDouble).requires_grad_(true)}))->descent_step();
  if (!rate || config.schedule.type() != "constant")
    throw DataError(
        fmt::format("'{}' was trained by '{}' with the schedule '{}': the theory's time is that of plain descent with "
                    "one learning rate",
                    run.string(), config.optimizer.type(), config.schedule.type()));
  return *rate * static_cast<double>(network.dimension) /
         static_cast<double>(examples_of(network, network.width, network.dimension));
}

OneRun read_run(const fs::path& folder) {
  TwoLayerNetworkOptions network;
  const double step = time_of_step(folder, config::read_yaml_file((folder / "config.yaml").string()), network);
  OneRun run;
  run.width = static_cast<double>(network.width);
  for (const metrics::Record& record : metrics::read_metrics(folder / "metrics.jsonl")) {
    const std::map<std::string, double> values(record.values.begin(), record.values.end());
    if (!values.count("eval/a")) continue;
    run.times.push_back(static_cast<double>(record.step) * step);
    for (const auto& [recorded, name] : kRecorded)
      if (const auto found = values.find(recorded); found != values.end()) run.values[name].push_back(found->second);
  }
  return run;
}

TrainedNetworks averaged(const std::vector<OneRun>& runs) {
  TrainedNetworks result;
  result.width = runs.front().width;
  result.runs = static_cast<std::int64_t>(runs.size());
  result.times = runs.front().times;
  const auto count = static_cast<double>(runs.size());
  for (const auto& [name, values] : runs.front().values) {
    TrainedNetworks::Quantity quantity{name, {}, {}};
    for (std::size_t i = 0; i < values.size(); ++i) {
      double sum = 0, squares = 0;
      for (const OneRun& run : runs) {
        sum += run.values.at(name)[i];
        squares += run.values.at(name)[i] * run.values.at(name)[i];
      }
      const double mean = sum / count, variance = std::max(0.0, squares / count - mean * mean);
      quantity.means.push_back(mean);
      quantity.errors.push_back(runs.size() > 1 ? std::sqrt(variance / (count - 1)) : 0);
    }
    result.quantities.push_back(std::move(quantity));
  }
  return result;
}

}  // namespace

std::vector<TrainedNetworks> read_trained_networks(const std::vector<fs::path>& folders) {
  std::map<double, std::vector<OneRun>> by_width;
  for (const fs::path& folder : folders)
    for (const fs::path& run : runs_below(folder)) {
      OneRun one = read_run(run);
      std::vector<OneRun>& others = by_width[one.width];
      if (!others.empty() && others.front().times != one.times)
        throw DataError(
            fmt::format("'{}' was evaluated at other times than the runs of m = {:g} before it: a mean is of the "
                        "same times",
                        run.string(), one.width));
      others.push_back(std::move(one));
    }
  std::vector<TrainedNetworks> networks;
  for (const auto& [width, runs] : by_width) networks.push_back(averaged(runs));
  return networks;
}

void draw_trained_networks(const std::vector<TrainedNetworks>& networks, const std::string& quantity,
                           const std::function<double(double width)>& factor, TimeUnit unit, plot::Figure& figure) {
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const TrainedNetworks& of = networks[i];
    const auto found = std::find_if(of.quantities.begin(), of.quantities.end(),
                                    [&](const TrainedNetworks::Quantity& q) { return q.name == quantity; });
    if (found == of.quantities.end()) continue;
    const int colour = static_cast<int>(i % 8);
    plot::Series points{
        fmt::format("{} trained, m = {:g}", of.runs == 1 ? "one" : fmt::format("{}", of.runs), of.width),
        {},
        {},
        plot::SeriesStyle::points,
        colour};
    plot::Series bars{"± one standard error", {}, {}, plot::SeriesStyle::line, colour};
    double next = 0;
    for (std::size_t k = 0; k < of.times.size(); ++k) {
      const double t = of.times[k] / unit_of(unit, of.width);
      if (t <= 0 || (t < next && k + 1 < of.times.size())) continue;
      next = t * std::pow(of.times.back() / of.times[1], 1.0 / kSymbolsOfACurve);
      const double mean = factor(of.width) * found->means[k], error = factor(of.width) * found->errors[k];
      points.x.push_back(t);
      points.y.push_back(mean);
      bars.x.insert(bars.x.end(), {t, t, t});
      bars.y.insert(bars.y.end(), {mean - error, mean + error, std::nan("")});
    }
    figure.series.push_back(std::move(points));
    if (of.runs > 1) figure.series.push_back(std::move(bars));
  }
}

}  // namespace talweg::tasks
