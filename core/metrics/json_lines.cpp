#include "core/metrics/json_lines.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/io/json_number.h"

namespace talweg::metrics {
namespace {

using nlohmann::ordered_json;

void append_number(std::string& line, double value) {
  if (std::isnan(value)) {
    line += "\"nan\"";
  } else if (std::isinf(value)) {
    line += value > 0 ? "\"inf\"" : "\"-inf\"";
  } else if (value == 0 && std::signbit(value)) {
    line += "-0.0";  // JSON readers take "-0" for the integer 0
  } else {
    fmt::format_to(std::back_inserter(line), "{}", value);
  }
}

/// Like JSON's own quoting, but metric names rarely need any and this is called for every value.
void append_name(std::string& line, std::string_view name) {
  const auto plain = [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; };
  bool all_plain = true;
  for (char c : name) all_plain = all_plain && plain(c);
  if (all_plain) {
    line.append("\"").append(name).append("\"");
  } else {
    line += ordered_json(name).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  }
}

/// The record of one line, or the reason why it is none.
struct ParsedLine {
  Record record;
  std::string problem;
};

ParsedLine parse_line(std::string_view line) {
  const auto object = ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
  ParsedLine parsed;
  if (!object.is_object()) {
    parsed.problem = "is not a JSON object";
    return parsed;
  }
  bool has_step = false;
  for (const auto& [name, value] : object.items()) {
    if (name == "step" && value.is_number_integer()) {
      parsed.record.step = value.get<int64_t>();
      has_step = true;
      continue;
    }
    const auto number = io::number_in(value);
    if (!number || name == "step") {
      parsed.problem = fmt::format("has {} for '{}', a number was expected", value.dump(), name);
      return parsed;
    }
    if (name == "seconds") {
      parsed.record.seconds = *number;
    } else if (name == "epoch") {
      parsed.record.epoch = *number;
    } else {
      parsed.record.values.emplace_back(name, *number);
    }
  }
  if (!has_step) parsed.problem = "has no 'step'";
  return parsed;
}

/// Calls `visit(record, text of the line with its end)` for every whole line.
void for_each_line(const std::filesystem::path& path, std::string_view content,
                   const std::function<void(Record&&, std::string_view)>& visit) {
  size_t number = 0;
  while (!content.empty()) {
    ++number;
    const size_t end = content.find('\n');
    if (end == std::string_view::npos) return;  // the process was killed while writing this line
    const std::string_view line = content.substr(0, end + 1);
    ParsedLine parsed = parse_line(line);
    if (!parsed.problem.empty())
      throw DataError(fmt::format("{}:{}: the line {}; the file is damaged: delete that line, or move the file aside",
                                  path.string(), number, parsed.problem));
    visit(std::move(parsed.record), line);
    content.remove_prefix(end + 1);
  }
}

/// Cuts an unfinished last line, which the next record would otherwise be glued to.
const std::filesystem::path& without_torn_line(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return path;
  const std::string content = io::read_whole_file(path);
  const size_t end = content.rfind('\n');
  const size_t whole = end == std::string::npos ? 0 : end + 1;
  if (whole != content.size() && ::truncate(path.c_str(), static_cast<off_t>(whole)) != 0)
    throw io::file_error("write", path, errno);
  return path;
}

}  // namespace

std::string to_json_line(const Record& record) {
  std::string line = fmt::format("{{\"step\":{},\"seconds\":", record.step);
  append_number(line, record.seconds);
  line += ",\"epoch\":";
  append_number(line, record.epoch);
  for (const auto& [name, value] : record.values) {
    if (name == "step" || name == "seconds" || name == "epoch")
      throw std::invalid_argument("a metric cannot be named '" + name + "': every record has one");
    line += ',';
    append_name(line, name);
    line += ':';
    append_number(line, value);
  }
  line += '}';
  return line;
}

JsonLinesSink::JsonLinesSink(const std::filesystem::path& path)
    : file_(without_torn_line(path), io::OpenMode::append) {}

void JsonLinesSink::write(const Record& record) {
  file_.write(to_json_line(record) + '\n');
}

void JsonLinesSink::flush() {
  file_.sync();
}

std::vector<Record> read_metrics(const std::filesystem::path& path) {
  std::vector<Record> records;
  const std::string content = io::read_whole_file(path);
  for_each_line(path, content, [&](Record&& record, std::string_view) { records.push_back(std::move(record)); });
  return records;
}

void truncate_after(const std::filesystem::path& path, int64_t step) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return;
  const std::string content = io::read_whole_file(path);
  std::string kept;
  kept.reserve(content.size());
  for_each_line(path, content, [&](Record&& record, std::string_view line) {
    if (record.step <= step) kept += line;
  });
  if (kept != content) io::write_file_atomically(path, kept);
}

}  // namespace talweg::metrics
