#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/metrics/record.h"
#include "core/plot/figure.h"

namespace talweg::report {

/// Dotted key and value as text, in the order of the file: {"optimizer.learning_rate", "0.001"}.
using FlatConfig = std::vector<std::pair<std::string, std::string>>;

/// Everything a report tells of one run directory. What is missing or damaged is left empty and
/// told in `problems`.
struct Run {
  std::filesystem::path path;
  std::string name;    ///< from summary.json, else the configuration, else the directory
  std::string status;  ///< completed, interrupted, failed, running, or "unfinished" without a summary.json
  std::string reason;  ///< of an interruption or failure
  double seconds = 0;  ///< training time
  int64_t steps = 0;
  nlohmann::ordered_json summary, environment;  ///< objects, perhaps empty
  nlohmann::ordered_json samples;               ///< list of {step, prompt, continuation}, perhaps empty
  std::string config_text;
  FlatConfig config;
  std::vector<metrics::Record> records;
  std::vector<plot::Figure> figures;
  std::string started, last_sign;  ///< UTC, "2026-01-31 14:05"
  std::vector<std::string> problems;
  std::string folder_from_page;  ///< its folder as links of the page that is written name it
};

/// Throws DataError when `path` is not a directory, or has none of the files of a run.
Run load_run(const std::filesystem::path& path);

/// Loads all; runs of the same name get their directory's name added, so that a reader can tell
/// them apart.
std::vector<Run> load_runs(const std::vector<std::filesystem::path>& paths);

/// Throws YAML::Exception.
FlatConfig flatten_yaml(const std::string& text);

/// The keys (in order of first appearance) whose value is not the same in all runs.
std::vector<std::string> differing_keys(const std::vector<Run>& runs);

/// The value of a key, "—" when the run's configuration has none.
std::string config_value(const Run& run, const std::string& key);

/// Last value of each metric: summary.json's, else from the records.
std::vector<std::pair<std::string, double>> final_metrics(const Run& run);

/// A JSON number, or one of the strings "nan", "inf", "-inf"; NaN for anything else.
double number_of(const nlohmann::ordered_json& value);

}  // namespace talweg::report
