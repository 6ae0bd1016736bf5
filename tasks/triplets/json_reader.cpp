#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "core/error.h"
#include "tasks/triplets/record_reader.h"

namespace talweg::tasks {
namespace {

using nlohmann::json;

class JsonReader : public RecordReader {
 public:
  JsonReader(std::string_view text, const std::string& file, std::vector<WantedField> wanted)
      : text_(text), file_(file), wanted_(std::move(wanted)) {
    const std::size_t start = text_.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos || text_[start] != '[') return;
    list_ = json::parse(text_, nullptr, false);
    if (list_.is_discarded()) throw DataError(fmt::format("{}: is no array of JSON objects", file_));
    text_ = {};
  }

  bool next(std::vector<std::string>& values) override {
    json line;
    const json* record = read(line);
    if (!record) return false;
    if (!record->is_object()) fail("is no JSON object");
    values.resize(wanted_.size());
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      const auto found = record->find(wanted_[i].name);
      values[i] = found == record->end() ? "" : text_of(wanted_[i].name, *found);
      if (wanted_[i].required && values[i].empty()) fail(fmt::format("the {} is missing", wanted_[i].name));
    }
    for (const auto& member : record->items()) {
      const auto is_this = [&](const WantedField& w) { return w.name == member.key(); };
      if (std::none_of(wanted_.begin(), wanted_.end(), is_this) && known_.insert(member.key()).second)
        unused_.push_back(member.key());
    }
    return true;
  }

  [[noreturn]] void fail(const std::string& message) const override {
    throw DataError(fmt::format("{}:{}: {}", file_, number_, message));
  }
  const std::vector<std::string>& unused() const override { return unused_; }

 private:
  const json* read(json& line) {
    if (list_.is_array()) return number_ < list_.size() ? &list_[number_++] : nullptr;
    while (!text_.empty()) {
      const std::size_t end = std::min(text_.find('\n'), text_.size());
      const std::string_view row = text_.substr(0, end);
      text_.remove_prefix(std::min(end + 1, text_.size()));
      ++number_;
      if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      line = json::parse(row, nullptr, false);
      if (line.is_discarded()) fail("is no JSON object; is the line cut off?");
      return &line;
    }
    return nullptr;
  }

  std::string text_of(const std::string& name, const json& value) const {
    if (value.is_null()) return "";
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number() || value.is_boolean()) return value.dump();
    fail(fmt::format("the {} is a list or an object", name));
  }

  std::string_view text_;
  std::string file_;
  std::vector<WantedField> wanted_;
  json list_;
  std::size_t number_ = 0;  // of the line, or of the object in an array, from 1
  std::unordered_set<std::string> known_;
  std::vector<std::string> unused_;
};

}  // namespace

std::unique_ptr<RecordReader> make_json_reader(std::string_view text, const std::string& file,
                                               std::vector<WantedField> wanted) {
  return std::make_unique<JsonReader>(text, file, std::move(wanted));
}

}  // namespace talweg::tasks
