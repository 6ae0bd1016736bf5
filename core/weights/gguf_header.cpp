#include "core/weights/gguf_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

#include "core/error.h"

namespace talweg::weights {
namespace {

using nlohmann::json;
static_assert(std::endian::native == std::endian::little, "GGUF is little-endian; a big-endian host would need swaps");

constexpr int kDeepestList = 4;
constexpr std::uint32_t kMostDimensions = 8;
constexpr std::uint64_t kLargestCount = std::uint64_t{1} << 62;

class Reader {
 public:
  Reader(std::string_view file, const std::string& name) : file_(file), name_(name) {}

  [[noreturn]] void fail(const std::string& message) const {
    throw DataError(fmt::format("{}: not a valid GGUF file: {} (byte {})", name_, message, at_));
  }

  GgufHeader read() {
    if (file_.substr(0, 4) != "GGUF") fail("it does not start with 'GGUF'");
    at_ = 4;
    const auto version = number<std::uint32_t>("the version");
    if (version == 0x02000000 || version == 0x03000000) fail("it is big-endian, which is not supported");
    if (version != 2 && version != 3) fail(fmt::format("version {} is not supported (2 and 3 are)", version));
    const auto tensors = number<std::uint64_t>("the number of tensors");
    const auto keys = number<std::uint64_t>("the number of keys");
    // A key takes at least 8 + 4 + 1 bytes, a tensor 8 + 4 + 8 + 4 + 8.
    if (keys > left() / 13) fail(fmt::format("{} keys do not fit into {} bytes", keys, left()));
    GgufHeader header;
    for (std::uint64_t i = 0; i < keys; ++i) {
      std::string key = text("a key");
      const auto type = number<std::uint32_t>("a type");
      json value = this->value(type, 0);
      if (!header.metadata.emplace(key, std::move(value)).second) fail(fmt::format("the key '{}' is there twice", key));
    }
    if (tensors > left() / 32) fail(fmt::format("{} tensors do not fit into {} bytes", tensors, left()));
    std::set<std::string> names;
    for (std::uint64_t i = 0; i < tensors; ++i) {
      header.entries.push_back(entry());
      const std::string& entry_name = header.entries.back().name;
      if (!names.insert(entry_name).second) fail(fmt::format("two tensors are called '{}'", entry_name));
    }
    place(header);
    return header;
  }

 private:
  std::uint64_t left() const { return file_.size() - at_; }

  std::string_view take(std::uint64_t bytes, std::string_view what) {
    if (bytes > left()) fail(fmt::format("{} needs {} bytes, {} are left", what, bytes, left()));
    const std::string_view taken = file_.substr(at_, bytes);
    at_ += bytes;
    return taken;
  }

  template <class T>
  T number(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof value, what).data(), sizeof value);
    return value;
  }

  std::string text(std::string_view what) {
    const auto length = number<std::uint64_t>(what);
    return std::string(take(length, what));
  }

  /// The numbers of types are those of the format's description.
  json value(std::uint32_t type, int depth) {
    switch (type) {
      case 0:
        return number<std::uint8_t>("a value");
      case 1:
        return number<std::int8_t>("a value");
      case 2:
        return number<std::uint16_t>("a value");
      case 3:
        return number<std::int16_t>("a value");
      case 4:
        return number<std::uint32_t>("a value");
      case 5:
        return number<std::int32_t>("a value");
      case 6:
        return number<float>("a value");
      case 7: {
        const auto truth = number<std::uint8_t>("a value");
        if (truth > 1) fail("a truth value is neither 0 nor 1");
        return truth == 1;
      }
      case 8:
        return text("a text");
      case 9: {
        if (depth == kDeepestList) fail("lists lie too deep in lists");
        const auto element = number<std::uint32_t>("a list");
        const auto count = number<std::uint64_t>("a list");
        static constexpr std::uint64_t least[] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};
        if (element >= std::size(least)) fail(fmt::format("unknown type {} of a list", element));
        if (count > left() / least[element])
          fail(fmt::format("a list of {} elements does not fit into {} bytes", count, left()));
        json list = json::array();
        for (std::uint64_t i = 0; i < count; ++i) list.push_back(value(element, depth + 1));
        return list;
      }
      case 10:
        return number<std::uint64_t>("a value");
      case 11:
        return number<std::int64_t>("a value");
      case 12:
        return number<double>("a value");
      default:
        fail(fmt::format("unknown type {}", type));
    }
  }

  /// One entry of the list of tensors; `begin` is still an offset into the data, `end` holds the size.
  GgufHeader::Entry entry() {
    GgufHeader::Entry entry;
    entry.name = text("the name of a tensor");
    const std::string what = fmt::format("tensor '{}': ", entry.name.substr(0, 200));
    const auto dimensions = number<std::uint32_t>("a tensor");
    if (dimensions > kMostDimensions) fail(what + fmt::format("{} dimensions", dimensions));
    std::uint64_t count = 1;
    bool empty = false;
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      const auto size = number<std::uint64_t>("a shape");
      if (size > kLargestCount || (size > 1 && count > kLargestCount / size)) fail(what + "the shape overflows");
      empty = empty || size == 0;
      count *= std::max<std::uint64_t>(size, 1);
      entry.shape.insert(entry.shape.begin(), static_cast<std::int64_t>(size));
    }
    if (empty) count = 0;
    const auto type = number<std::uint32_t>("a tensor");
    entry.format = find_block_format(type);
    if (!entry.format) fail(what + fmt::format("its type {} is not supported", type));
    const std::uint64_t row = entry.shape.empty() ? 1 : static_cast<std::uint64_t>(entry.shape.back());
    const auto values = static_cast<std::uint64_t>(entry.format->values);
    if (row % values != 0)
      fail(what + fmt::format("rows of {} numbers are not made of blocks of {} ({})", row, values, entry.format->name));
    const std::uint64_t blocks = count / values;
    if (blocks > file_.size() / static_cast<std::uint64_t>(entry.format->bytes))
      fail(what + fmt::format("{} numbers of type {} do not fit into the file", count, entry.format->name));
    entry.begin = number<std::uint64_t>("an offset");
    entry.end = blocks * static_cast<std::uint64_t>(entry.format->bytes);
    return entry;
  }

  /// Turns offsets into places of the file and checks them against each other.
  void place(GgufHeader& header) {
    std::uint64_t alignment = 32;
    if (const auto given = header.metadata.find("general.alignment"); given != header.metadata.end()) {
      if (!given->second.is_number_unsigned()) fail("general.alignment is not a number");
      alignment = given->second.get<std::uint64_t>();
      if (!std::has_single_bit(alignment) || alignment > (1u << 20))
        fail(fmt::format("general.alignment is {}, not a power of two up to 2^20", alignment));
    }
    if (header.entries.empty()) return;
    const std::uint64_t start = (at_ + alignment - 1) / alignment * alignment;
    if (start > file_.size()) fail("it ends before its tensors");
    std::vector<const GgufHeader::Entry*> order;
    for (GgufHeader::Entry& entry : header.entries) {
      const std::uint64_t size = entry.end, room = file_.size() - start;
      if (entry.begin % alignment != 0)
        fail(fmt::format("tensor '{}': its offset {} is not a multiple of {}", entry.name, entry.begin, alignment));
      if (entry.begin > room || size > room - entry.begin)
        fail(fmt::format("tensor '{}': {} bytes at offset {} do not lie in the {} bytes of data", entry.name, size,
                         entry.begin, room));
      entry.begin += start;
      entry.end = entry.begin + size;
      if (size > 0) order.push_back(&entry);
    }
    std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->begin < b->begin; });
    for (std::size_t i = 1; i < order.size(); ++i)
      if (order[i]->begin < order[i - 1]->end)
        fail(fmt::format("the tensors '{}' and '{}' overlap", order[i - 1]->name, order[i]->name));
  }

  std::string_view file_;
  const std::string& name_;
  std::uint64_t at_ = 0;
};

}  // namespace

GgufHeader read_gguf_header(std::string_view file, const std::string& name) {
  return Reader(file, name).read();
}

}  // namespace talweg::weights
