#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/data/delimited_rows.h"
#include "core/io/closest_word.h"
#include "tasks/triplets/record_reader.h"

namespace talweg::tasks {
namespace {

class DelimitedReader : public RecordReader {
 public:
  DelimitedReader(std::string_view text, const std::string& file, const std::string& delimiter,
                  std::vector<WantedField> wanted)
      : rows_(text, file, delimiter.front()), stride_(delimiter.size()), wanted_(std::move(wanted)) {
    rows_.require_utf8();
    waiting_ = read();
    if (waiting_ && std::any_of(wanted_.begin(), wanted_.end(), [&](const auto& w) { return column_of(w.name); }))
      take_header();
  }

  bool next(std::vector<std::string>& values) override {
    if (!waiting_ && !read()) return false;
    waiting_ = false;
    const std::size_t required = static_cast<std::size_t>(
        std::count_if(wanted_.begin(), wanted_.end(), [](const WantedField& w) { return w.required; }));
    const std::size_t least = has_header_ ? header_size_ : required, most = has_header_ ? header_size_ : wanted_.size();
    if (fields_.size() < least || fields_.size() > most)
      rows_.fail(has_header_ ? fmt::format("has {} fields where the header has {}", fields_.size(), header_size_)
                             : fmt::format("has {} fields instead of {}", fields_.size(), layout()));
    values.resize(wanted_.size());
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      const std::optional<std::size_t> column =
          has_header_ ? columns_[i] : (i < fields_.size() ? std::optional(i) : std::nullopt);
      values[i] = column ? fields_[*column] : "";
      if (wanted_[i].required && values[i].empty()) rows_.fail(fmt::format("the {} is missing", wanted_[i].name));
    }
    return true;
  }

  [[noreturn]] void fail(const std::string& message) const override { rows_.fail(message); }
  const std::vector<std::string>& unused() const override { return unused_; }

 private:
  bool read() {
    if (!rows_.next(fields_)) return false;
    if (stride_ == 1) return true;
    // "a::b" split at ':' has an empty field between.
    std::vector<std::string> kept;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (i % 2 == 0)
        kept.push_back(std::move(fields_[i]));
      else if (!fields_[i].empty())
        rows_.fail(fmt::format("'{}' stands where '::' should separate fields", fields_[i]));
    }
    fields_ = std::move(kept);
    return true;
  }

  std::optional<std::size_t> column_of(const std::string& name) const {
    const auto found = std::find(fields_.begin(), fields_.end(), name);
    return found == fields_.end() ? std::nullopt : std::optional<std::size_t>(found - fields_.begin());
  }

  void take_header() {
    has_header_ = true;
    waiting_ = false;
    header_size_ = fields_.size();
    for (const WantedField& field : wanted_) {
      columns_.push_back(column_of(field.name));
      if (field.required && !columns_.back())
        rows_.fail(fmt::format("the header names no column '{}'{}", field.name, io::suggestion(field.name, fields_)));
    }
    for (std::size_t i = 0; i < fields_.size(); ++i)
      if (std::find(columns_.begin(), columns_.end(), std::optional(i)) == columns_.end())
        unused_.push_back(fields_[i]);
  }

  /// "user, winner, loser and possibly label, weight".
  std::string layout() const {
    std::string required, possible;
    for (const WantedField& field : wanted_) {
      std::string& list = field.required ? required : possible;
      list += (list.empty() ? "" : ", ") + field.name;
    }
    return possible.empty() ? required : required + " and possibly " + possible;
  }

  data::DelimitedRows rows_;
  std::size_t stride_;
  std::vector<WantedField> wanted_;
  bool has_header_ = false, waiting_ = false;
  std::size_t header_size_ = 0;
  std::vector<std::optional<std::size_t>> columns_;
  std::vector<std::string> fields_, unused_;
};

}  // namespace

std::unique_ptr<RecordReader> make_delimited_reader(std::string_view text, const std::string& file,
                                                    const std::string& delimiter, std::vector<WantedField> wanted) {
  return std::make_unique<DelimitedReader>(text, file, delimiter, std::move(wanted));
}

}  // namespace talweg::tasks
