#include "tasks/black_box/program/program.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>

#include "core/error.h"
#include "core/io/utf8.h"

namespace talweg::tasks {
namespace {

/// The number of an answer; NaN for null and words for numbers that are not finite, nothing when it is no number.
std::optional<double> number_of(const std::string& answer) {
  nlohmann::json value = nlohmann::json::parse(answer, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) {
    static const std::regex words("-?\\b(NaN|nan|Infinity|inf)\\b");
    value = nlohmann::json::parse(std::regex_replace(answer, words, "null"), nullptr, false);
  }
  if (value.is_object() && value.contains("value")) {
    nlohmann::json inner = value.at("value");
    value = std::move(inner);
  }
  if (value.is_null()) return std::nan("");
  if (value.is_number()) return value.get<double>();
  return std::nullopt;
}

}  // namespace

void declare(config::Fields& f, ProgramOptions& o) {
  f("command", o.command, "the program and its arguments: it reads a line of JSON and writes a number, line by line",
    config::required());
  f("over", o.over, "variables with ranges, scales and starts: 'rate: log 1e-4..1 from 1e-2'", config::required());
  f("folder", o.started_in, "where the program is started, relative to this file (default: where talweg is)");
  f("workers", o.workers, "processes that are asked side by side", config::at_least(1), config::at_most(1024));
  f("timeout", o.timeout, "seconds for one answer; a worker that takes longer is replaced", config::above(0));
  f("attempts", o.attempts, "how often a question is asked of workers that end or hang", config::at_least(1));
}

void validate(const ProgramOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  std::error_code ignored;
  if (o.started_in && !std::filesystem::is_directory(o.started_in->path, ignored))
    diagnostics.error(where.at("folder"), fmt::format("there is no folder '{}'", o.started_in->path));
  std::string program = o.command.empty() ? "" : o.command.front();
  if (o.started_in && program.find('/') != std::string::npos)
    program = (std::filesystem::path(o.started_in->path) / program).string();
  if (o.command.empty())
    diagnostics.error(where.at("command"), "'command' names the program and its arguments: [python3, simulate.py]");
  else if (!io::find_program(program))
    diagnostics.error(where.at("command"), fmt::format("there is no program '{}' that can be started", o.command[0]));
  if (o.over.list.empty()) diagnostics.error(where.at("over"), "'over' names one variable at least");
}

Program::Program(const ProgramOptions& options)
    : options_(options), variables_(options.over.of_oracle()), pool_([&] {
        WorkerPoolOptions pool = options;
        if (options.started_in) pool.folder = options.started_in->path;
        return pool;
      }()) {}

io::FileFingerprints Program::files() const {
  io::FileFingerprints files;
  for (const std::string& word : options_.command) {
    const std::filesystem::path path =
        options_.started_in ? std::filesystem::path(options_.started_in->path) / word : std::filesystem::path(word);
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) io::append(files, {io::fingerprint_of(path)});
  }
  return files;
}

std::string Program::point_text(const double* x) const {
  std::string text = "at ";
  for (std::size_t i = 0; i < variables_.size(); ++i)
    text += fmt::format("{}{} = {}", i > 0 ? ", " : "", variables_[i].name, config::number_text(x[i]));
  return text;
}

void Program::find_out(std::span<const Question> questions, const Answered& answered) {
  std::vector<std::string> lines;
  for (const Question& question : questions) {
    nlohmann::ordered_json line;
    for (std::size_t i = 0; i < variables_.size(); ++i) line["x"][variables_[i].name] = question.x[i];
    line["seed"] = question.seed >> 11;  // 53 bits: exact in languages whose numbers are doubles
    lines.push_back(line.dump());
  }
  pool_.ask(
      lines,
      [&](std::size_t i, const std::string& answer) {
        const std::optional<double> value = number_of(answer);
        if (!value)
          throw TrainingError(fmt::format(
              "the program answers '{}' {}, which is no number: it writes a number, or {{\"value\": number}}, "
              "for every line that it reads, and what is for people to standard error",
              io::valid_utf8(answer.substr(0, 80)), point_text(questions[i].x)));
        answered(i, *value);
      },
      [&](std::size_t i) { return point_text(questions[i].x); });
}

}  // namespace talweg::tasks
