#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/io/mapped_file.h"
#include "core/io/output_file.h"

namespace talweg::data {

/// A corpus as token ids: documents one after the other, each id with the mark whether it is trained on (the prompts of
/// instruction data are not). In memory, or a file under a memory map, of which only the pages that are read are
/// loaded.
class TokenFile {
 public:
  /// From memory. `ends` are the positions behind each document, ascending, the last one the number of ids; `context`
  /// marks ids that are not trained on, or is empty. Throws DataError when there is no document.
  TokenFile(std::vector<std::int32_t> ids, std::vector<std::int64_t> ends, const std::vector<bool>& context = {});
  /// A file of TokenFileWriter. Throws DataError when it is not one, or damaged.
  static TokenFile open(const std::filesystem::path& path);
  /// Files of nothing but little-endian ids of `width` bytes (2 or 4), as other programs write them, one after the
  /// other. A file ends a document; with a `separator` every id of this value does, which takes reading everything.
  /// Throws DataError: size that is no multiple of the width, no id.
  static TokenFile open_plain(const std::vector<std::filesystem::path>& paths, std::int64_t width,
                              std::int64_t separator = -1);
  static TokenFile open_plain(const std::filesystem::path& path, std::int64_t width, std::int64_t separator = -1) {
    return open_plain(std::vector{path}, width, separator);
  }

  std::int64_t tokens() const { return tokens_; }
  std::int64_t documents() const { return static_cast<std::int64_t>(ends_.size()); }
  std::int64_t document_begin(std::int64_t i) const { return i == 0 ? 0 : document_end(i - 1); }
  std::int64_t document_end(std::int64_t i) const { return ends_[static_cast<std::size_t>(i)]; }
  /// The first document that begins at or behind this position.
  std::int64_t document_at(std::int64_t position) const;

  /// From now on read() throws DataError at an id that is not below `vocabulary`. Beginning and end of every file are
  /// looked at right away.
  void require_below(std::int64_t vocabulary);

  /// Copies ids [begin, begin + length).
  void read(std::int64_t begin, std::int64_t length, std::int64_t* ids) const;
  /// Whether the id at this position is trained on.
  bool is_trained(std::int64_t position) const;

 private:
  TokenFile() = default;
  /// A stretch of ids that lie one after the other, from `begin` on.
  struct Piece {
    const char* ids;
    std::int64_t begin, end;
    std::string name;  // of the file
  };
  const Piece& piece_at(std::int64_t position) const;
  void read_piece(const Piece& piece, std::int64_t begin, std::int64_t length, std::int64_t* ids) const;

  std::shared_ptr<const void> owner_;  // of the ids and of the table
  std::vector<Piece> pieces_;          // in order
  std::int64_t width_ = 4;             // bytes per id; in four bytes the highest bit marks context
  std::int64_t vocabulary_ = 0;        // 0: not checked
  std::int64_t tokens_ = 0;
  std::span<const std::int64_t> ends_;
};

/// Writes a TokenFile as its documents come. The file appears under its name when finish() is called, whole and on the
/// disk; before that nothing of it is seen. Every failure throws SystemError.
class TokenFileWriter {
 public:
  /// Ids take two bytes when they are all below `vocabulary` ≤ 65,536 and none is marked as context, else four.
  TokenFileWriter(const std::filesystem::path& path, std::int64_t vocabulary, bool marks_context);
  ~TokenFileWriter();
  TokenFileWriter(const TokenFileWriter&) = delete;
  TokenFileWriter& operator=(const TokenFileWriter&) = delete;

  /// A further part of the document.
  void append(std::span<const std::int32_t> ids, bool trained = true);
  /// Ends the document; one without ids is left out.
  void end_document();
  void finish();
  std::int64_t tokens() const { return tokens_; }

 private:
  void flush();

  std::filesystem::path path_, aside_;
  io::OutputFile file_;
  std::int64_t width_;
  std::int64_t tokens_ = 0;
  std::vector<std::int64_t> ends_;
  std::string buffer_;
  bool finished_ = false;
};

}  // namespace talweg::data
