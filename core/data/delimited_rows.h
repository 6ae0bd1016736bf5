#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::data {

/// Rows of delimited text, one after the other: lines may end with CRLF; spaces around a field are not its own; a
/// quoted field may hold delimiters, line feeds and doubled quotes; empty lines are passed over. Source: RFC 4180.
class DelimitedRows {
 public:
  /// Of text that must outlive this, with a byte order mark or without; `name` stands for the file in messages.
  DelimitedRows(std::string_view text, std::string name, char delimiter);

  void skip_lines(std::int64_t count);
  /// Throws DataError unless all that is left is valid UTF-8.
  void require_utf8() const;
  /// The fields of the next row that is not empty; false at the end of the text. Throws DataError, with the line, for a
  /// quote that is never closed and for text behind one.
  bool next(std::vector<std::string>& fields);
  /// Throws DataError "name:line: message", with the line on which the row of next() begins, counted from 1.
  [[noreturn]] void fail(const std::string& message) const;

 private:
  void read_row(std::vector<std::string>& fields);
  std::string quoted_field();

  std::string_view text_;
  std::string name_;
  char delimiter_;
  std::int64_t line_ = 1, row_line_ = 1;
};

}  // namespace talweg::data
