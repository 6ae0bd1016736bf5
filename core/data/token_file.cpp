#include "core/data/token_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace talweg::data {
namespace {

namespace fs = std::filesystem;
static_assert(std::endian::native == std::endian::little, "token files are little-endian");

constexpr std::uint32_t kContext = std::uint32_t{1} << 31;
constexpr char kMagic[8] = {'T', 'A', 'L', 'W', 'E', 'G', 'T', '1'};
constexpr std::size_t kBuffer = 1 << 20;

/// Last bytes of a token file; the table of document ends lies before it, the ids before that, padded to eight bytes.
struct Footer {
  char magic[8];
  std::int64_t width, tokens, documents;
};

struct Memory {
  std::vector<std::uint32_t> ids;
  std::vector<std::int64_t> ends;
};

struct Mapped {
  explicit Mapped(const fs::path& path) : file(path) {}
  io::MappedFile file;
};

struct PlainFiles {
  std::vector<std::unique_ptr<io::MappedFile>> files;
  std::vector<std::int64_t> ends;
};

std::int64_t padded(std::int64_t bytes) {
  return (bytes + 7) / 8 * 8;
}

}  // namespace

TokenFile::TokenFile(std::vector<std::int32_t> ids, std::vector<std::int64_t> ends, const std::vector<bool>& context) {
  if (ids.empty() || ends.empty()) throw DataError("there is no text: no token was found");
  const auto memory = std::make_shared<Memory>();
  memory->ids.assign(ids.begin(), ids.end());
  for (std::size_t i = 0; i < context.size(); ++i)
    if (context[i]) memory->ids[i] |= kContext;
  memory->ends = std::move(ends);
  tokens_ = static_cast<std::int64_t>(memory->ids.size());
  pieces_ = {{reinterpret_cast<const char*>(memory->ids.data()), 0, tokens_, ""}};
  ends_ = memory->ends;
  owner_ = memory;
}

TokenFile TokenFile::open(const fs::path& path) {
  const auto mapped = std::make_shared<Mapped>(path);
  const std::string_view bytes = mapped->file.bytes();
  const auto damaged = [&] { return DataError(fmt::format("'{}' is not a whole token file", path.string())); };
  Footer footer;
  if (bytes.size() < sizeof(footer)) throw damaged();
  std::memcpy(&footer, bytes.data() + bytes.size() - sizeof(footer), sizeof(footer));
  const auto size = static_cast<std::int64_t>(bytes.size());
  const bool plausible = std::memcmp(footer.magic, kMagic, sizeof(kMagic)) == 0 &&
                         (footer.width == 2 || footer.width == 4) && footer.tokens > 0 && footer.documents > 0 &&
                         footer.tokens <= size / footer.width && footer.documents <= size / 8;
  const std::int64_t table = plausible ? padded(footer.width * footer.tokens) : 0;
  if (!plausible || table + 8 * footer.documents + static_cast<std::int64_t>(sizeof(footer)) != size) throw damaged();
  TokenFile file;
  file.width_ = footer.width;
  file.tokens_ = footer.tokens;
  file.pieces_ = {{bytes.data(), 0, footer.tokens, path.string()}};
  file.ends_ = {reinterpret_cast<const std::int64_t*>(bytes.data() + table),
                static_cast<std::size_t>(footer.documents)};
  std::int64_t last = 0;
  for (const std::int64_t end : file.ends_) {
    if (end <= last) throw damaged();
    last = end;
  }
  if (last != footer.tokens) throw damaged();
  file.owner_ = mapped;
  return file;
}

TokenFile TokenFile::open_plain(const std::vector<fs::path>& paths, std::int64_t width, std::int64_t separator) {
  const auto plain = std::make_shared<PlainFiles>();
  TokenFile file;
  file.width_ = width;
  for (const fs::path& path : paths) {
    const io::MappedFile& mapped = *plain->files.emplace_back(std::make_unique<io::MappedFile>(path));
    const auto size = static_cast<std::int64_t>(mapped.bytes().size());
    if (size == 0 || size % width != 0)
      throw DataError(
          fmt::format("'{}' has {} bytes, which is no number of ids of {} bytes", path.string(), size, width));
    file.pieces_.push_back({mapped.bytes().data(), file.tokens_, file.tokens_ + size / width, path.string()});
    file.tokens_ += size / width;
    if (separator >= 0) {
      std::int64_t id = 0;
      for (std::int64_t i = file.pieces_.back().begin; i < file.tokens_; ++i) {
        file.read_piece(file.pieces_.back(), i, 1, &id);
        if (id == separator) plain->ends.push_back(i + 1);
      }
    }
    if (plain->ends.empty() || plain->ends.back() != file.tokens_) plain->ends.push_back(file.tokens_);
  }
  file.ends_ = plain->ends;
  file.owner_ = plain;
  return file;
}

void TokenFile::require_below(std::int64_t vocabulary) {
  vocabulary_ = vocabulary;
  constexpr std::int64_t kLooked = 1 << 16;
  std::vector<std::int64_t> ids(kLooked);
  for (const Piece& piece : pieces_) {
    const std::int64_t length = std::min(kLooked, piece.end - piece.begin);
    read(piece.begin, length, ids.data());
    read(piece.end - length, length, ids.data());
  }
}

const TokenFile::Piece& TokenFile::piece_at(std::int64_t position) const {
  return *std::partition_point(pieces_.begin(), pieces_.end(),
                               [&](const Piece& piece) { return piece.end <= position; });
}

std::int64_t TokenFile::document_at(std::int64_t position) const {
  // Document i begins where document i − 1 ends.
  return position <= 0 ? 0 : std::lower_bound(ends_.begin(), ends_.end(), position) - ends_.begin() + 1;
}

void TokenFile::read(std::int64_t begin, std::int64_t length, std::int64_t* ids) const {
  while (length > 0) {
    const Piece& piece = piece_at(begin);
    const std::int64_t here = std::min(length, piece.end - begin);
    read_piece(piece, begin, here, ids);
    if (vocabulary_ > 0) {
      const std::int64_t largest = *std::max_element(ids, ids + here);
      if (largest >= vocabulary_)
        throw DataError(fmt::format("'{}' holds the id {}, the vocabulary has {}", piece.name, largest, vocabulary_));
    }
    begin += here;
    ids += here;
    length -= here;
  }
}

void TokenFile::read_piece(const Piece& piece, std::int64_t begin, std::int64_t length, std::int64_t* ids) const {
  const char* from = piece.ids + (begin - piece.begin) * width_;
  if (width_ == 2) {
    for (std::int64_t i = 0; i < length; ++i) {
      std::uint16_t id;
      std::memcpy(&id, from + 2 * i, 2);
      ids[i] = id;
    }
    return;
  }
  for (std::int64_t i = 0; i < length; ++i) {
    std::uint32_t id;
    std::memcpy(&id, from + 4 * i, 4);
    ids[i] = id & ~kContext;
  }
}

bool TokenFile::is_trained(std::int64_t position) const {
  if (width_ == 2) return true;
  const Piece& piece = piece_at(position);
  std::uint32_t id;
  std::memcpy(&id, piece.ids + 4 * (position - piece.begin), 4);
  return (id & kContext) == 0;
}

TokenFileWriter::TokenFileWriter(const fs::path& path, std::int64_t vocabulary, bool marks_context)
    : path_(path),
      aside_(path.string() + fmt::format(".{}.tmp", ::getpid())),
      file_([&] {
        ::unlink(aside_.c_str());
        return io::OutputFile(aside_, io::OpenMode::create_new);
      }()),
      width_(vocabulary <= 65536 && !marks_context ? 2 : 4) {}

TokenFileWriter::~TokenFileWriter() {
  if (!finished_) ::unlink(aside_.c_str());
}

void TokenFileWriter::append(std::span<const std::int32_t> ids, bool trained) {
  for (const std::int32_t id : ids) {
    const std::uint32_t word = static_cast<std::uint32_t>(id) | (trained ? 0 : kContext);
    buffer_.append(reinterpret_cast<const char*>(&word), static_cast<std::size_t>(width_));
  }
  tokens_ += static_cast<std::int64_t>(ids.size());
  if (buffer_.size() >= kBuffer) flush();
}

void TokenFileWriter::end_document() {
  if (tokens_ > (ends_.empty() ? 0 : ends_.back())) ends_.push_back(tokens_);
}

void TokenFileWriter::flush() {
  file_.write(buffer_);
  buffer_.clear();
}

void TokenFileWriter::finish() {
  end_document();
  buffer_.append(static_cast<std::size_t>(padded(width_ * tokens_) - width_ * tokens_), '\0');
  flush();
  file_.write({reinterpret_cast<const char*>(ends_.data()), ends_.size() * sizeof(std::int64_t)});
  Footer footer{{}, width_, tokens_, static_cast<std::int64_t>(ends_.size())};
  std::memcpy(footer.magic, kMagic, sizeof(kMagic));
  file_.write({reinterpret_cast<const char*>(&footer), sizeof(footer)});
  file_.sync();
  file_.close();
  if (::rename(aside_.c_str(), path_.c_str()) != 0) throw io::file_error("replace", path_, errno);
  finished_ = true;
}

}  // namespace talweg::data
