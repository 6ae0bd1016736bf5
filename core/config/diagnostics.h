#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/value.h"

namespace talweg::config {

class Fields;

/// A section that is being read, and where it stands ("" for the whole configuration, "task.model").
struct OpenSection {
  std::string path;
  const Fields* fields = nullptr;
};

/// Collects what is wrong with a configuration, so that a person sees every mistake at once.
class Diagnostics {
 public:
  /// Records "location: message".
  void error(const Location& where, std::string_view message);
  bool empty() const { return messages_.empty(); }
  const std::vector<std::string>& messages() const { return messages_; }
  /// Says that `fields` are being read, under the key given to `reads` last, until the result is destroyed.
  class Section {
   public:
    Section(Diagnostics& diagnostics, const Fields& fields);
    ~Section() { diagnostics_.sections_.pop_back(); }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;

   private:
    Diagnostics& diagnostics_;
  };
  /// Says that what follows is read under this key of the innermost section.
  void reads(const std::string& key) { key_ = key; }
  /// The sections that are being read, the innermost last.
  const std::vector<OpenSection>& sections() const { return sections_; }
  /// Throws ConfigError with all messages, one a line, when there are any.
  void throw_if_any() const;

 private:
  std::vector<std::string> messages_;
  std::vector<OpenSection> sections_;
  std::string key_;
};

/// Throws ConfigError "location: message".
[[noreturn]] void fail(const Location& where, const std::string& message);

}  // namespace talweg::config
