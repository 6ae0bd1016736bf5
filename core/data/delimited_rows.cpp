#include "core/data/delimited_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/io/utf8.h"

namespace talweg::data {

DelimitedRows::DelimitedRows(std::string_view text, std::string name, char delimiter)
    : text_(io::without_byte_order_mark(text)), name_(std::move(name)), delimiter_(delimiter) {}

void DelimitedRows::require_utf8() const {
  io::require_utf8(text_, name_);
}

void DelimitedRows::skip_lines(std::int64_t count) {
  for (std::int64_t i = 0; i < count && !text_.empty(); ++i) {
    const std::size_t end = text_.find('\n');
    text_ = end == std::string_view::npos ? std::string_view() : text_.substr(end + 1);
    ++line_;
  }
}

void DelimitedRows::fail(const std::string& message) const {
  throw DataError(fmt::format("{}:{}: {}", name_, row_line_, message));
}

bool DelimitedRows::next(std::vector<std::string>& fields) {
  while (!text_.empty()) {
    row_line_ = line_;
    fields.clear();
    read_row(fields);
    if (fields.size() > 1 || !fields.front().empty()) return true;
  }
  return false;
}

void DelimitedRows::read_row(std::vector<std::string>& fields) {
  for (;;) {
    std::string field;
    if (text_.starts_with('"')) {
      field = quoted_field();
      if (!text_.empty() && text_[0] != delimiter_ && text_[0] != '\n' && text_[0] != '\r')
        fail(fmt::format("field {}: text follows the closing quote", fields.size() + 1));
    } else {
      const char stops[] = {delimiter_, '\n', '\0'};
      const std::size_t end = std::min(text_.find_first_of(stops), text_.size());
      std::string_view raw = text_.substr(0, end);
      text_.remove_prefix(end);
      while (!raw.empty() && (raw.back() == '\r' || raw.back() == ' ')) raw.remove_suffix(1);
      while (!raw.empty() && raw.front() == ' ') raw.remove_prefix(1);
      field = raw;
    }
    fields.push_back(std::move(field));
    if (text_.starts_with('\r')) text_.remove_prefix(1);
    if (text_.empty()) return;
    const char stop = text_.front();
    text_.remove_prefix(1);
    if (stop == '\n') {
      ++line_;
      return;
    }
  }
}

std::string DelimitedRows::quoted_field() {
  std::string field;
  text_.remove_prefix(1);
  for (;;) {
    const std::size_t quote = text_.find('"');
    if (quote == std::string_view::npos) fail("a quoted field is never closed");
    line_ += std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(quote), '\n');
    field.append(text_.substr(0, quote));
    text_.remove_prefix(quote + 1);
    if (!text_.starts_with('"')) return field;
    field += '"';
    text_.remove_prefix(1);
  }
}

}  // namespace talweg::data
