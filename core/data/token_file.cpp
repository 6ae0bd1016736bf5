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
  std::vector<std::int64_t> ends;  // of a plain file
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
  ids_ = reinterpret_cast<const char*>(memory->ids.data());
  tokens_ = static_cast<std::int64_t>(memory->ids.size());
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
  file.ids_ = bytes.data();
  file.width_ = footer.width;
  file.tokens_ = footer.tokens;
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

TokenFile TokenFile::open_plain(const fs::path& path, std::int64_t width, std::int64_t separator) {
  const auto mapped = std::make_shared<Mapped>(path);
  const auto size = static_cast<std::int64_t>(mapped->file.bytes().size());
  if (size == 0 || size % width != 0)
    throw DataError(
        fmt::format("'{}' has {} bytes, which is no number of ids of {} bytes", path.string(), size, width));
  TokenFile file;
  file.ids_ = mapped->file.bytes().data();
  file.width_ = width;
  file.tokens_ = size / width;
  if (separator >= 0) {
    std::int64_t id = 0;
    for (std::int64_t i = 0; i < file.tokens_; ++i) {
      file.read(i, 1, &id);
      if (id == separator) mapped->ends.push_back(i + 1);
    }
  }
  if (mapped->ends.empty() || mapped->ends.back() != file.tokens_) mapped->ends.push_back(file.tokens_);
  file.ends_ = mapped->ends;
  file.owner_ = mapped;
  return file;
}

std::int64_t TokenFile::document_at(std::int64_t position) const {
  // Document i begins where document i − 1 ends.
  return position <= 0 ? 0 : std::lower_bound(ends_.begin(), ends_.end(), position) - ends_.begin() + 1;
}

void TokenFile::read(std::int64_t begin, std::int64_t length, std::int64_t* ids) const {
  const char* from = ids_ + begin * width_;
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
  std::uint32_t id;
  std::memcpy(&id, ids_ + 4 * position, 4);
  return (id & kContext) == 0;
}

std::int64_t TokenFile::largest_id() const {
  std::int64_t largest = 0, block[1024];
  for (std::int64_t begin = 0; begin < tokens_; begin += 1024) {
    const std::int64_t length = std::min<std::int64_t>(1024, tokens_ - begin);
    read(begin, length, block);
    largest = std::max(largest, *std::max_element(block, block + length));
  }
  return largest;
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
