#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <memory>
#include <string>

#include "core/config/component.h"
#include "core/files/read_file.h"
#include "core/io/file_fingerprint.h"
#include "tasks/triplets/record_reader.h"

namespace talweg::tasks {

/// Makes the reader of a text; `file` stands for it in messages.
using MakeReader = std::function<std::unique_ptr<RecordReader>(std::string_view text, const std::string& file,
                                                               std::vector<WantedField> wanted)>;

/// Readers of delimited text with this delimiter ("tab" for a tab).
inline MakeReader delimited(const std::string& delimiter) {
  return [delimiter](std::string_view text, const std::string& file, std::vector<WantedField> wanted) {
    return make_delimited_reader(text, file, delimiter == "tab" ? "\t" : delimiter, std::move(wanted));
  };
}

inline void declare_delimiter(config::Fields& f, std::string& delimiter) {
  f("delimiter", delimiter, "character between fields; 'tab' for a tab, '::' for two colons");
}
inline void require_delimiter(const std::string& delimiter, const config::Value& where,
                              config::Diagnostics& diagnostics) {
  if (delimiter != "tab" && delimiter != "::" && delimiter.size() != 1)
    diagnostics.error(where.at("delimiter"), "'delimiter' takes one character, 'tab' or '::'");
}

/// Reads a file, plain or gzip, record by record; `take` gets the values of the wanted fields, in their order. What is
/// worth knowing of the file is added to `notes`.
template <class Take>
void read_records(const std::string& path, const MakeReader& make_reader, std::vector<WantedField> wanted,
                  std::vector<std::string>& notes, io::FileFingerprints& files, Take&& take) {
  const std::string text = io::read_file(path);
  const std::unique_ptr<RecordReader> reader = make_reader(text, path, std::move(wanted));
  std::vector<std::string> values;
  while (reader->next(values)) take(values, *reader);
  if (!reader->unused().empty())
    notes.push_back(fmt::format("{}: these fields have no part in it: {}", path, fmt::join(reader->unused(), ", ")));
  if (!text.empty() && text.back() != '\n' && text.back() != '\r' && text.back() != ']')
    notes.push_back(
        fmt::format("{}: the last line has no end; if the file was cut off there, its last id is not the "
                    "one that was meant",
                    path));
  files.push_back(io::fingerprint_of(path));
}

}  // namespace talweg::tasks
