#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::tasks {

/// A field that is looked for in every record of a file.
struct WantedField {
  std::string name;
  bool required;
};

/// Records of a text file, one after the other, of which some fields are wanted.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// The wanted fields of the next record as text, in the order in which they are wanted; empty where a record has
  /// none. False at the end. Throws DataError where the file is no text of its kind or a required field is missing.
  virtual bool next(std::vector<std::string>& values) = 0;
  /// Throws DataError "file:line: message" for the record of the last next().
  [[noreturn]] virtual void fail(const std::string& message) const = 0;
  /// Names of fields that the file has and nobody wants, in the order in which they were met.
  virtual const std::vector<std::string>& unused() const = 0;
};

/// Delimited text. A first row that holds the name of a wanted field is a header, which must name all required ones;
/// without one, fields stand in the order in which they are wanted. `delimiter` is one character, or "::".
std::unique_ptr<RecordReader> make_delimited_reader(std::string_view text, const std::string& file,
                                                    const std::string& delimiter, std::vector<WantedField> wanted);

/// Objects of JSON, one a line, or one array of them; strings, numbers and truth values are fields.
std::unique_ptr<RecordReader> make_json_reader(std::string_view text, const std::string& file,
                                               std::vector<WantedField> wanted);

}  // namespace talweg::tasks
