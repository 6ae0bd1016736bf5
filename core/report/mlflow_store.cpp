#include "core/report/mlflow_store.h"

#include <fmt/format.h>

#include <cctype>
#include <ctime>
#include <map>

#include "core/io/atomic_file.h"
#include "core/io/output_file.h"
#include "core/report/run.h"

namespace talweg::report {
namespace {

namespace fs = std::filesystem;

/// FNV-1a: the same name has the same number on every machine.
std::uint64_t number_of_name(const std::string& name, std::uint64_t start) {
  std::uint64_t hash = start;
  for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3ULL;
  return hash;
}

/// A run's directory as the 32 digits that MLflow knows it by.
std::string run_id(const fs::path& directory) {
  const std::string path = fs::weakly_canonical(directory).string();
  return fmt::format("{:016x}{:016x}", number_of_name(path, 0xcbf29ce484222325ULL),
                     number_of_name(path, 0x9e3779b97f4a7c15ULL));
}

/// A scalar of YAML in single quotes.
std::string quoted(const std::string& text) {
  std::string yaml = "'";
  for (const char letter : text) {
    if (letter == '\'') yaml += '\'';
    yaml += static_cast<unsigned char>(letter) < 0x20 ? ' ' : letter;
  }
  return yaml + "'";
}

/// A name with the letters that MLflow takes; a slash is a folder of the store.
std::string store_name(std::string name) {
  for (char& letter : name)
    if (!std::isalnum(static_cast<unsigned char>(letter)) &&
        std::string_view("_-./ :").find(letter) == std::string_view::npos)
      letter = '_';
  while (name.starts_with('/') || name.starts_with('.')) name.erase(0, 1);
  return name.empty() ? "unnamed" : name;
}

/// Milliseconds since 1970 of "2026-01-31 14:05:09 UTC"; 0 when it is no such time.
std::int64_t milliseconds(const std::string& time) {
  std::tm parts{};
  const char* end = ::strptime(time.c_str(), "%Y-%m-%d %H:%M", &parts);
  if (!end) return 0;
  if (*end == ':') ::strptime(end, ":%S", &parts);
  return static_cast<std::int64_t>(::timegm(&parts)) * 1000;
}

int status_number(const Run& run) {
  constexpr int kRunning = 1, kFinished = 3, kFailed = 4, kKilled = 5;
  if (run.status == "completed") return kFinished;
  if (run.status == "failed") return kFailed;
  return run.status == "unfinished" ? kRunning : kKilled;
}

void write(const fs::path& file, const std::string& text) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) throw io::file_error("create", file.parent_path(), error.value());
  io::write_file_atomically(file, text);
}

void write_metrics(const Run& run, const fs::path& folder, std::int64_t start) {
  std::map<std::string, std::string> lines;
  for (const auto& record : run.records)
    for (const auto& [name, value] : record.values)
      lines[store_name(name)] +=
          fmt::format("{} {} {}\n", start + static_cast<std::int64_t>(1000 * record.seconds), value, record.step);
  for (const auto& [name, text] : lines) write(folder / "metrics" / name, text);
}

void write_run(const Run& run, const fs::path& experiment, const std::string& experiment_id) {
  const std::string id = run_id(run.path);
  const fs::path folder = fs::weakly_canonical(experiment) / id;
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  const std::int64_t start = milliseconds(run.started);
  for (const auto& [key, value] : run.config) write(folder / "params" / store_name(key), value);
  write_metrics(run, folder, start);
  write(folder / "tags/mlflow.runName", run.name);
  const int status = status_number(run);
  const std::string end =
      status == 1 ? "null" : fmt::format("{}", start + static_cast<std::int64_t>(1000 * run.seconds));
  // Last: a folder without it is no run.
  write(
      folder / "meta.yaml",
      fmt::format("artifact_uri: {}\nend_time: {}\nentry_point_name: ''\nexperiment_id: '{}'\nlifecycle_stage: active\n"
                  "run_id: {}\nrun_name: {}\nrun_uuid: {}\nsource_name: ''\nsource_type: 4\nsource_version: ''\n"
                  "start_time: {}\nstatus: {}\ntags: []\nuser_id: talweg\n",
                  quoted("file://" + fs::weakly_canonical(run.path).string()), end, experiment_id, id, quoted(run.name),
                  id, start, status));
}

}  // namespace

void write_mlflow_store(const std::vector<fs::path>& runs, const fs::path& store, const std::string& experiment) {
  const std::vector<Run> loaded = load_runs(runs);
  const std::string id =
      fmt::format("{}", number_of_name(experiment, 0xcbf29ce484222325ULL) % 1'000'000'000'000'000ULL);
  const fs::path folder = store / id;
  std::error_code ignored;
  if (!fs::exists(folder / "meta.yaml", ignored)) {
    const std::int64_t now = static_cast<std::int64_t>(std::time(nullptr)) * 1000;
    write(folder / "meta.yaml",
          fmt::format("artifact_location: {}\ncreation_time: {}\nexperiment_id: '{}'\nlast_update_time: {}\n"
                      "lifecycle_stage: active\nname: {}\n",
                      quoted("file://" + fs::weakly_canonical(folder).string()), now, id, now, quoted(experiment)));
  }
  for (const Run& run : loaded) write_run(run, folder, id);
}

}  // namespace talweg::report
