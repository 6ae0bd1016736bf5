#include "core/checkpoint/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "core/io/crc32c.h"
#include "core/io/mapped_file.h"
#include "core/io/output_file.h"
#include "core/libtorch.h"

namespace talweg::checkpoint {
namespace {

using nlohmann::json;
static_assert(std::endian::native == std::endian::little,
              "the format is little-endian; a big-endian host would need swaps");

constexpr std::pair<const char*, at::ScalarType> kTypes[] = {
    {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16}, {"I64", at::kLong},
    {"I32", at::kInt},    {"I16", at::kShort}, {"I8", at::kChar},  {"U8", at::kByte},       {"BOOL", at::kBool}};

constexpr std::size_t kLongestHeader = 100 << 20;  // the limit of the reference implementation

const char* type_name(at::ScalarType type) {
  for (const auto& [name, known] : kTypes)
    if (known == type) return name;
  TORCH_CHECK_VALUE(false, "safetensors has no data type for ", type);
}

/// The header entry of one tensor after every check that needs no other entry.
struct Entry {
  std::string name;
  at::ScalarType type;
  std::vector<std::int64_t> shape;
  std::uint64_t begin, end;
};

class HeaderReader {
 public:
  HeaderReader(std::string_view file, std::string name) : file_(file), name_(std::move(name)) {}

  [[noreturn]] void fail(const std::string& message) const {
    throw DataError(fmt::format("{}: not a valid safetensors file: {}", name_, message));
  }

  std::vector<Entry> entries(std::map<std::string, std::string>& metadata) {
    if (file_.size() < 8) fail(fmt::format("it has {} bytes, the header length alone takes 8", file_.size()));
    std::uint64_t length = 0;
    std::memcpy(&length, file_.data(), 8);
    if (length > kLongestHeader || length > file_.size() - 8)
      fail(fmt::format("the header claims {} bytes, the file has {} after its first 8", length, file_.size() - 8));
    data_size = file_.size() - 8 - length;
    data_begin = 8 + length;
    const json header = json::parse(file_.substr(8, length), nullptr, /*allow_exceptions=*/false);
    if (!header.is_object()) fail("the header is not a JSON object");

    std::vector<Entry> entries;
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__") {
        if (!value.is_object()) fail("'__metadata__' is not an object");
        for (const auto& [k, v] : value.items()) {
          if (!v.is_string()) fail("'__metadata__' holds something that is not text");
          metadata[k] = v.get<std::string>();
        }
      } else {
        entries.push_back(entry(key, value));
      }
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
    std::uint64_t at = 0;
    for (const Entry& e : entries) {
      if (e.begin != at)
        fail(fmt::format("the data of '{}' starts at {}, expected {} (a hole or an overlap)", e.name, e.begin, at));
      at = e.end;
    }
    if (at != data_size) fail(fmt::format("the tensors take {} bytes, the file holds {}", at, data_size));
    return entries;
  }

  std::uint64_t data_size = 0;
  std::uint64_t data_begin = 0;

 private:
  Entry entry(const std::string& key, const json& value) const {
    const std::string what = fmt::format("tensor '{}': ", key.substr(0, 200));
    const auto is_size = [](const json& j) { return j.is_number_unsigned(); };
    if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets"))
      fail(what + "needs dtype, shape and data_offsets");
    Entry entry{key, at::kFloat, {}, 0, 0};
    const json& type = value.at("dtype");
    const auto known =
        std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& t) { return type == t.first; });
    if (known == std::end(kTypes)) fail(what + "unknown dtype " + type.dump().substr(0, 40));
    entry.type = known->second;

    const json& shape = value.at("shape");
    if (!shape.is_array() || shape.size() > 64) fail(what + "the shape is not a list of at most 64 sizes");
    std::uint64_t bytes = at::elementSize(entry.type);
    bool zero = false;
    for (const json& size : shape) {
      if (!is_size(size) || size.get<std::uint64_t>() > (std::uint64_t{1} << 62))
        fail(what + "a size of the shape is out of range");
      const auto n = size.get<std::uint64_t>();
      zero = zero || n == 0;
      if (n > 1 && bytes > (std::uint64_t{1} << 62) / n) fail(what + "the shape overflows");
      bytes *= std::max<std::uint64_t>(n, 1);
      entry.shape.push_back(static_cast<std::int64_t>(n));
    }
    if (zero) bytes = 0;
    const json& offsets = value.at("data_offsets");
    if (!offsets.is_array() || offsets.size() != 2 || !is_size(offsets[0]) || !is_size(offsets[1]))
      fail(what + "data_offsets is not [begin, end]");
    entry.begin = offsets[0].get<std::uint64_t>();
    entry.end = offsets[1].get<std::uint64_t>();
    if (entry.begin > entry.end || entry.end > data_size)
      fail(what +
           fmt::format("data_offsets [{}, {}] do not lie in the {} bytes of data", entry.begin, entry.end, data_size));
    if (entry.end - entry.begin != bytes)
      fail(what + fmt::format("its shape needs {} bytes, data_offsets give {}", bytes, entry.end - entry.begin));
    return entry;
  }

  std::string_view file_;
  std::string name_;
};

}  // namespace

FileSummary write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                              const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    TORCH_CHECK_VALUE(!header.contains(name), "two tensors are called ", name);
    header[name] = {{"dtype", type_name(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, offset + tensor.nbytes()}}};
    offset += tensor.nbytes();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // data aligned to 8 bytes
  const std::uint64_t length = text.size();
  std::string head(8, '\0');
  std::memcpy(head.data(), &length, 8);
  head += text;

  io::OutputFile file(path, io::OpenMode::create_new);
  FileSummary summary{0, 0};
  const auto write = [&](std::string_view bytes) {
    file.write(bytes);
    summary.bytes += bytes.size();
    summary.crc32c = io::crc32c(bytes, summary.crc32c);
  };
  write(head);
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor host = tensor.detach().to(at::kCPU).contiguous();
    write({static_cast<const char*>(host.const_data_ptr()), host.nbytes()});
  }
  file.sync();
  file.close();
  return summary;
}

SafetensorsFile read_safetensors(const std::filesystem::path& path) {
  const auto mapped = std::make_shared<io::MappedFile>(path);
  SafetensorsFile result;
  HeaderReader reader(mapped->bytes(), path.string());
  for (const Entry& entry : reader.entries(result.metadata)) {
    const auto options = at::TensorOptions().dtype(entry.type);
    char* data = mapped->data() + reader.data_begin + entry.begin;
    // Data may start at any byte; a tensor that would be misaligned is copied.
    const bool aligned = reinterpret_cast<std::uintptr_t>(data) % at::elementSize(entry.type) == 0;
    at::Tensor tensor;
    if (entry.begin == entry.end) {
      tensor = at::empty(entry.shape, options);
    } else if (aligned) {
      tensor = at::from_blob(
          data, entry.shape, [mapped](void*) {}, options);
    } else {
      tensor = at::empty(entry.shape, options);
      std::memcpy(tensor.mutable_data_ptr(), data, entry.end - entry.begin);
    }
    result.tensors.emplace_back(entry.name, tensor);
  }
  return result;
}

}  // namespace talweg::checkpoint
