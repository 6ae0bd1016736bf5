#include "tasks/black_box/evaluation_log.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/error.h"
#include "core/io/crc32c.h"

namespace talweg::tasks {
namespace {

constexpr std::string_view kSum = ",\"crc32c\":\"";

std::string with_sum(const std::string& body) {  // of "{…}"
  const std::string inside = body.substr(0, body.size() - 1);
  return fmt::format("{}{}{:08x}\"}}", inside, kSum, io::crc32c(inside));
}

bool sum_is_right(std::string_view line) {
  const std::size_t at = line.rfind(kSum);
  if (at == std::string_view::npos) return false;
  return line.substr(at) == fmt::format("{}{:08x}\"}}", kSum, io::crc32c(line.substr(0, at)));
}

/// JSON has no numbers that are not finite.
nlohmann::json written(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

double read(const nlohmann::json& value) {
  if (value.is_number()) return value.get<double>();
  const std::string word = value.get<std::string>();
  if (word == "nan") return std::nan("");
  return word == "inf" ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
}

}  // namespace

EvaluationLog::EvaluationLog(const std::filesystem::path& file, std::vector<std::string> names)
    : names_(std::move(names)) {
  std::error_code error;
  if (std::filesystem::exists(file, error)) {
    const std::string text = io::read_whole_file(file);
    const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
    std::size_t number = 0;
    for (std::size_t begin = 0; begin < whole;) {
      const std::size_t stop = text.find('\n', begin);
      read_line(std::string_view(text).substr(begin, stop - begin), fmt::format("{}:{}", file.string(), ++number));
      begin = stop + 1;
    }
    if (whole < text.size()) std::filesystem::resize_file(file, whole, error);
    if (error) throw io::file_error("write", file, error.value());
  }
  file_.emplace(file, io::OpenMode::append);
}

void EvaluationLog::read_line(std::string_view line, const std::string& place) {
  const auto damaged = [&](const std::string& what) {
    throw DataError(fmt::format("{}: {}; take the line out, and this evaluation is made again", place, what));
  };
  if (!sum_is_right(line)) damaged("the line is damaged (its sum does not fit)");
  const nlohmann::json record = nlohmann::json::parse(line);
  std::vector<double> x;
  for (const std::string& name : names_) {
    if (!record.at("x").contains(name)) damaged(fmt::format("there is no variable '{}'", name));
    x.push_back(record.at("x").at(name).get<double>());
  }
  values_[key(x.data(), record.at("seed").get<std::uint64_t>())] = read(record.at("value"));
}

std::string EvaluationLog::key(const double* x, std::uint64_t seed) const {
  std::string bytes(reinterpret_cast<const char*>(&seed), sizeof seed);
  bytes.append(reinterpret_cast<const char*>(x), names_.size() * sizeof *x);
  return bytes;
}

std::optional<double> EvaluationLog::find(const double* x, std::uint64_t seed) const {
  const auto found = values_.find(key(x, seed));
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

void EvaluationLog::add(const double* x, std::uint64_t seed, double value) {
  nlohmann::ordered_json record;
  for (std::size_t i = 0; i < names_.size(); ++i) record["x"][names_[i]] = x[i];
  record["seed"] = seed;
  record["value"] = written(value);
  file_->write(with_sum(record.dump()) + "\n");
  values_[key(x, seed)] = value;
}

}  // namespace talweg::tasks
