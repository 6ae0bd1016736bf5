#include "core/report/run.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <map>

#include "core/error.h"
#include "core/io/json_number.h"
#include "core/io/output_file.h"
#include "core/metrics/json_lines.h"

namespace talweg::report {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

std::string utc_minute(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
  return text;
}

std::string modified(const fs::path& file) {
  struct stat status;
  return ::stat(file.c_str(), &status) == 0 ? utc_minute(status.st_mtime) : "";
}

ordered_json read_object(const fs::path& file, std::vector<std::string>& problems) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return ordered_json::object();
  try {
    auto object = ordered_json::parse(io::read_whole_file(file), nullptr, false);
    if (object.is_object()) return object;
    problems.push_back(fmt::format("{} is not a JSON object", file.filename().string()));
  } catch (const Error& error) {
    problems.push_back(error.what());
  }
  return ordered_json::object();
}

std::string text_of(const ordered_json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

bool holds_collections(const YAML::Node& list) {
  return std::any_of(list.begin(), list.end(),
                     [](const YAML::Node& entry) { return entry.IsMap() || entry.IsSequence(); });
}

void flatten(const YAML::Node& node, const std::string& key, FlatConfig& flat) {
  if (node.IsMap()) {
    for (const auto& entry : node)
      flatten(entry.second, (key.empty() ? "" : key + ".") + entry.first.as<std::string>(), flat);
  } else if (node.IsSequence() && holds_collections(node)) {
    for (size_t i = 0; i < node.size(); ++i) flatten(node[i], fmt::format("{}[{}]", key, i), flat);
  } else if (node.IsSequence()) {
    std::string list;
    for (const auto& entry : node)
      list += (list.empty() ? "" : ", ") + (entry.IsNull() ? "null" : entry.as<std::string>());
    flat.emplace_back(key, "[" + list + "]");
  } else {
    flat.emplace_back(key, node.IsScalar() ? node.as<std::string>() : "null");
  }
}

void load_config(Run& run) {
  const fs::path file = run.path / "config.yaml";
  try {
    run.config_text = io::read_whole_file(file);
    run.config = flatten_yaml(run.config_text);
  } catch (const std::exception& error) {
    run.problems.push_back(fmt::format("config.yaml: {}", error.what()));
  }
}

void load_records(Run& run) {
  try {
    run.records = metrics::read_metrics(run.path / "metrics.jsonl");
  } catch (const Error& error) {
    run.problems.push_back(error.what());
  }
}

void load_samples(Run& run) {
  const fs::path file = run.path / "samples.json";
  run.samples = ordered_json::array();
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return;
  const ordered_json read = ordered_json::parse(io::read_whole_file(file), nullptr, false);
  const bool whole =
      read.is_array() && std::all_of(read.begin(), read.end(), [](const auto& sample) { return sample.is_object(); });
  if (whole)
    run.samples = read;
  else
    run.problems.push_back(file.string() + " is damaged");
}

void load_figures(Run& run) {
  std::error_code ignored;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(run.path / "figures", ignored))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    try {
      run.figures.push_back(plot::load_figure(file));
    } catch (const Error& error) {
      run.problems.push_back(error.what());
    }
  }
}

}  // namespace

double number_of(const ordered_json& value) {
  return io::number_in(value).value_or(std::numeric_limits<double>::quiet_NaN());
}

FlatConfig flatten_yaml(const std::string& text) {
  FlatConfig flat;
  const YAML::Node root = YAML::Load(text);
  if (root.IsMap()) flatten(root, "", flat);
  return flat;
}

Run load_run(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored))
    throw DataError(fmt::format("'{}' is not a run directory: no such folder", path.string()));
  Run run;
  run.path = path;
  if (!fs::exists(path / "config.yaml", ignored) && !fs::exists(path / "metrics.jsonl", ignored) &&
      !fs::exists(path / "summary.json", ignored))
    throw DataError(fmt::format("'{}' is not a run directory: it has no config.yaml, metrics.jsonl or summary.json",
                                path.string()));
  load_config(run);
  load_records(run);
  load_figures(run);
  load_samples(run);
  run.environment = read_object(path / "environment.json", run.problems);
  run.summary = read_object(path / "summary.json", run.problems);

  fs::path named = fs::weakly_canonical(path, ignored);
  if (named.filename().empty()) named = named.parent_path();
  run.name = text_of(run.summary, "name");
  for (const auto& [key, value] : run.config)
    if (run.name.empty() && key == "name") run.name = value;
  if (run.name.empty()) run.name = named.filename().string();
  run.status = text_of(run.summary, "status");
  if (run.status.empty()) run.status = "unfinished";
  run.reason = text_of(run.summary, "reason");
  if (!run.records.empty()) {
    run.steps = run.records.back().step;
    run.seconds = run.records.back().seconds;
  }
  if (const auto steps = run.summary.find("steps"); steps != run.summary.end() && steps->is_number())
    run.steps = steps->get<int64_t>();
  if (const auto seconds = run.summary.find("seconds"); seconds != run.summary.end() && seconds->is_number())
    run.seconds = seconds->get<double>();
  run.started = text_of(run.environment, "started");
  if (run.started.empty()) run.started = modified(path / "config.yaml");
  run.last_sign = modified(path / "metrics.jsonl");
  return run;
}

std::vector<Run> load_runs(const std::vector<fs::path>& paths) {
  std::vector<Run> runs;
  std::map<std::string, int> count;
  for (const auto& path : paths) {
    runs.push_back(load_run(path));
    ++count[runs.back().name];
  }
  for (auto& run : runs) {
    if (count[run.name] < 2) continue;
    const std::string folder = fs::weakly_canonical(run.path).filename().string();
    if (folder != run.name) run.name += " (" + folder + ")";
  }
  return runs;
}

std::string config_value(const Run& run, const std::string& key) {
  for (const auto& [name, value] : run.config)
    if (name == key) return value;
  return "—";
}

std::vector<std::string> differing_keys(const std::vector<Run>& runs) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::string>> values;
  for (const auto& run : runs) {
    for (const auto& [key, value] : run.config) {
      auto& list = values[key];
      if (list.empty()) order.push_back(key);
      list.push_back(value);
    }
  }
  std::erase_if(order, [&](const std::string& key) {
    const auto& list = values[key];
    return list.size() == runs.size() &&
           std::all_of(list.begin(), list.end(), [&](const auto& v) { return v == list[0]; });
  });
  return order;
}

std::vector<std::pair<std::string, double>> final_metrics(const Run& run) {
  std::vector<std::pair<std::string, double>> values;
  const auto in_summary = run.summary.find("metrics");
  if (in_summary != run.summary.end() && in_summary->is_object()) {
    for (const auto& [name, value] : in_summary->items()) values.emplace_back(name, number_of(value));
    return values;
  }
  for (const auto& record : run.records) {
    for (const auto& [name, value] : record.values) {
      const auto known = std::ranges::find(values, name, &std::pair<std::string, double>::first);
      if (known == values.end())
        values.emplace_back(name, value);
      else
        known->second = value;
    }
  }
  return values;
}

}  // namespace talweg::report
