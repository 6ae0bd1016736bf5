#include "core/config/diagnostics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"

namespace talweg::config {

void Diagnostics::error(const Location& where, std::string_view message) {
  messages_.push_back(fmt::format("{}: {}", where.text(), message));
}

Diagnostics::Section::Section(Diagnostics& diagnostics, const Fields& fields) : diagnostics_(diagnostics) {
  const std::string outer = diagnostics.sections_.empty() ? "" : diagnostics.sections_.back().path;
  diagnostics.sections_.push_back({outer.empty() ? diagnostics.key_ : outer + "." + diagnostics.key_, &fields});
}

void Diagnostics::throw_if_any() const {
  if (!messages_.empty()) throw ConfigError(fmt::format("{}", fmt::join(messages_, "\n")));
}

void fail(const Location& where, const std::string& message) {
  throw ConfigError(where.text() + ": " + message);
}

}  // namespace talweg::config
