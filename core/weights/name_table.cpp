#include "core/weights/name_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::weights {
namespace {

constexpr std::string_view kNumber = "{}";

/// The number at the place of `{}`, "" when the pattern has none; nothing when the name does not fit.
std::optional<std::string> match(std::string_view pattern, std::string_view name) {
  const std::size_t at = pattern.find(kNumber);
  if (at == std::string_view::npos) return pattern == name ? std::optional<std::string>("") : std::nullopt;
  const std::string_view before = pattern.substr(0, at), after = pattern.substr(at + kNumber.size());
  if (name.size() <= before.size() + after.size() || !name.starts_with(before) || !name.ends_with(after))
    return std::nullopt;
  const std::string_view number = name.substr(at, name.size() - before.size() - after.size());
  if (number.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return std::string(number);
}

std::string fill(std::string_view pattern, std::string_view number) {
  const std::size_t at = pattern.find(kNumber);
  if (at == std::string_view::npos) return std::string(pattern);
  return fmt::format("{}{}{}", pattern.substr(0, at), number, pattern.substr(at + kNumber.size()));
}

std::string list(const std::string& title, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  constexpr std::size_t most = 12;
  const std::size_t shown = std::min(names.size(), most);
  const std::string rest = names.size() > most ? fmt::format(" … and {} more", names.size() - most) : "";
  return fmt::format("\n  {}: {}{}", title,
                     fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "), rest);
}

}  // namespace

NameTable::NameTable(std::vector<NameRule> rules, std::vector<std::string> ignored)
    : rules_(std::move(rules)), ignored_(std::move(ignored)) {}

std::optional<NameTable::Renamed> NameTable::to_ours(const std::string& theirs) const {
  for (const NameRule& rule : rules_)
    if (const auto number = match(rule.theirs, theirs)) return Renamed{fill(rule.ours, *number), &rule};
  return std::nullopt;
}

std::optional<NameTable::Renamed> NameTable::to_theirs(const std::string& ours) const {
  for (const NameRule& rule : rules_)
    if (const auto number = match(rule.ours, ours)) return Renamed{fill(rule.theirs, *number), &rule};
  return std::nullopt;
}

bool NameTable::is_ignored(const std::string& theirs) const {
  return std::any_of(ignored_.begin(), ignored_.end(), [&](const auto& pattern) { return match(pattern, theirs); });
}

LoadReport load_tensors(const TensorSource& source, const NameTable& table, const NamedTensors& targets) {
  torch::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> open;
  for (const auto& [name, tensor] : targets) open.emplace(name, tensor);
  std::set<std::string> filled;
  LoadReport report;
  for (const std::string& theirs : source.names) {
    if (table.is_ignored(theirs)) continue;
    const auto renamed = table.to_ours(theirs);
    const auto target = renamed ? open.find(renamed->name) : open.end();
    if (target == open.end()) {
      report.unexpected.push_back(theirs);
      continue;
    }
    filled.insert(target->first);
    const at::Tensor stored = source.read(theirs);
    const at::IntArrayRef needed = target->second.sizes();
    // A change of layout is only tried on what has the right number of numbers.
    const at::Tensor ours =
        renamed->rule->read && stored.numel() == target->second.numel() ? renamed->rule->read(stored) : stored;
    if (ours.sizes() != needed) {
      report.mis_shaped.push_back(fmt::format("{}: the file has [{}], the model needs [{}]", theirs,
                                              fmt::join(stored.sizes(), ", "), fmt::join(needed, ", ")));
      continue;
    }
    target->second.copy_(ours);
  }
  for (const auto& [name, tensor] : targets)
    if (!filled.count(name)) report.missing.push_back(name);
  return report;
}

void require_complete(const LoadReport& report, const std::string& where, std::span<const std::string> may_be_missing) {
  std::vector<std::string> missing;
  for (const std::string& name : report.missing)
    if (std::none_of(may_be_missing.begin(), may_be_missing.end(),
                     [&](const std::string& start) { return name.starts_with(start); }))
      missing.push_back(name);
  const std::string problems =
      list("missing", missing) + list("unexpected", report.unexpected) + list("of another shape", report.mis_shaped);
  if (!problems.empty()) throw DataError(fmt::format("{}: the tensors do not fit the model{}", where, problems));
}

NamedTensors to_file_layout(const NameTable& table, const NamedTensors& tensors) {
  NamedTensors result;
  for (const auto& [name, tensor] : tensors) {
    const auto renamed = table.to_theirs(name);
    TORCH_CHECK_VALUE(renamed, "no name is known in the file format for ", name);
    result.emplace_back(renamed->name, renamed->rule->write ? renamed->rule->write(tensor.detach()) : tensor.detach());
  }
  return result;
}

}  // namespace talweg::weights
