#include "core/geometry/mesh_files.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <iterator>
#include <limits>
#include <sstream>
#include <string_view>

#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/io/output_file.h"

namespace talweg::geometry {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

template <class T>
void append_bytes(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

/// A type of number in a PLY file.
enum class PlyType { int8, uint8, int16, uint16, int32, uint32, float32, float64 };

struct PlyProperty {
  std::string name;
  PlyType type = PlyType::float32;
  bool list = false;
  PlyType count_type = PlyType::uint8;
};

struct PlyElement {
  std::string name;
  std::uint64_t count = 0;
  std::vector<PlyProperty> properties;
};

constexpr std::pair<std::string_view, PlyType> kPlyTypes[] = {
    {"char", PlyType::int8},      {"int8", PlyType::int8},       {"uchar", PlyType::uint8},
    {"uint8", PlyType::uint8},    {"short", PlyType::int16},     {"int16", PlyType::int16},
    {"ushort", PlyType::uint16},  {"uint16", PlyType::uint16},   {"int", PlyType::int32},
    {"int32", PlyType::int32},    {"uint", PlyType::uint32},     {"uint32", PlyType::uint32},
    {"float", PlyType::float32},  {"float32", PlyType::float32}, {"double", PlyType::float64},
    {"float64", PlyType::float64}};

/// Reads what stands in a PLY file, number by number.
class PlyReader {
 public:
  explicit PlyReader(const std::filesystem::path& file) : name_(file.string()), bytes_(io::read_whole_file(file)) {}

  Mesh read() {
    read_header();
    Mesh mesh;
    for (const PlyElement& element : elements_)
      for (std::uint64_t i = 0; i < element.count; ++i) {
        if (element.name == "vertex")
          read_vertex(element, mesh);
        else if (element.name == "face")
          read_face(element, mesh);
        else
          for (const PlyProperty& property : element.properties) skip(property);
      }
    for (const auto& t : mesh.triangles)
      for (const std::uint32_t i : t)
        if (i >= mesh.vertices.size())
          fail(fmt::format("a face names vertex {}, and there are {}", i, mesh.vertices.size()));
    return mesh;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw DataError(fmt::format("'{}': {}", name_, what)); }

  std::string_view line() {
    const std::size_t end = bytes_.find('\n', at_);
    if (end == std::string::npos) fail("the header of a PLY file ends nowhere");
    std::string_view text(bytes_.data() + at_, end - at_);
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    at_ = end + 1;
    return text;
  }

  PlyType type_of(const std::string& word) const {
    for (const auto& [text, type] : kPlyTypes)
      if (text == word) return type;
    fail(fmt::format("'{}' is no type of a PLY file", word));
  }

  void read_header() {
    if (line() != "ply") fail("this is no PLY file: its first line is not 'ply'");
    for (;;) {
      std::istringstream words{std::string(line())};
      std::string word;
      words >> word;
      if (word == "end_header") break;
      if (word == "format") {
        words >> format_;
        if (format_ != "ascii" && format_ != "binary_little_endian")
          fail(fmt::format("the format '{}' is not read; ascii and binary_little_endian are", format_));
      } else if (word == "element") {
        PlyElement element;
        words >> element.name >> element.count;
        elements_.push_back(element);
      } else if (word == "property") {
        if (elements_.empty()) fail("a property stands before any element");
        PlyProperty property;
        std::string type;
        words >> type;
        if ((property.list = type == "list")) {
          words >> type;
          property.count_type = type_of(type);
          words >> type;
        }
        property.type = type_of(type);
        words >> property.name;
        elements_.back().properties.push_back(property);
      }
    }
    if (format_.empty()) fail("the header of the PLY file names no format");
  }

  template <class T>
  double binary() {
    T value;
    if (bytes_.size() - at_ < sizeof(value)) fail("the file is shorter than its header says");
    std::memcpy(&value, bytes_.data() + at_, sizeof(value));
    at_ += sizeof(value);
    return static_cast<double>(value);
  }

  double number(PlyType type) {
    if (format_ == "ascii") {
      while (at_ < bytes_.size() && std::isspace(static_cast<unsigned char>(bytes_[at_])) != 0) ++at_;
      double value = 0;
      const auto [end, error] = std::from_chars(bytes_.data() + at_, bytes_.data() + bytes_.size(), value);
      if (error != std::errc()) fail("the file is shorter than its header says, or holds what is no number");
      at_ = static_cast<std::size_t>(end - bytes_.data());
      return value;
    }
    switch (type) {
      case PlyType::int8:
        return binary<std::int8_t>();
      case PlyType::uint8:
        return binary<std::uint8_t>();
      case PlyType::int16:
        return binary<std::int16_t>();
      case PlyType::uint16:
        return binary<std::uint16_t>();
      case PlyType::int32:
        return binary<std::int32_t>();
      case PlyType::uint32:
        return binary<std::uint32_t>();
      case PlyType::float32:
        return binary<float>();
      case PlyType::float64:
        break;
    }
    return binary<double>();
  }

  void skip(const PlyProperty& property) {
    const double count = property.list ? number(property.count_type) : 1;
    for (double k = 0; k < count; ++k) number(property.type);
  }

  void read_vertex(const PlyElement& element, Mesh& mesh) {
    std::array<float, 3> place{};
    Mesh::Colour colour{};
    bool coloured = false;
    for (const PlyProperty& property : element.properties) {
      if (property.list) {
        skip(property);
        continue;
      }
      const double value = number(property.type);
      for (std::size_t a = 0; a < 3; ++a) {
        if (property.name == std::string_view("xyz").substr(a, 1)) place[a] = static_cast<float>(value);
        constexpr std::string_view kColours[] = {"red", "green", "blue"};
        if (property.name == kColours[a]) {
          coloured = true;
          const double scale = property.type == PlyType::float32 || property.type == PlyType::float64 ? 255 : 1;
          colour[a] = static_cast<std::uint8_t>(std::clamp(value * scale, 0.0, 255.0));
        }
      }
    }
    mesh.vertices.push_back(place);
    if (coloured) mesh.colours.push_back(colour);
  }

  void read_face(const PlyElement& element, Mesh& mesh) {
    for (const PlyProperty& property : element.properties) {
      if (!property.list || (property.name != "vertex_indices" && property.name != "vertex_index")) {
        skip(property);
        continue;
      }
      const auto count = static_cast<std::int64_t>(number(property.count_type));
      std::uint32_t first = 0, last = 0;
      for (std::int64_t k = 0; k < count; ++k) {
        const double value = number(property.type);
        if (!(value >= 0) || value > 4294967295.0) fail("a face names a vertex that cannot be");
        const auto index = static_cast<std::uint32_t>(value);
        if (k == 0) first = index;
        if (k >= 2) mesh.triangles.push_back({first, last, index});
        last = index;
      }
    }
  }

  std::string name_, bytes_, format_;
  std::size_t at_ = 0;
  std::vector<PlyElement> elements_;
};

}  // namespace

void write_ply(const Mesh& mesh, const std::filesystem::path& file) {
  const bool coloured = !mesh.colours.empty();
  std::string bytes = fmt::format(
      "ply\nformat binary_little_endian 1.0\nelement vertex {}\nproperty float x\nproperty float y\nproperty float "
      "z\n{}"
      "element face {}\nproperty list uchar int vertex_indices\nend_header\n",
      mesh.vertices.size(), coloured ? "property uchar red\nproperty uchar green\nproperty uchar blue\n" : "",
      mesh.triangles.size());
  bytes.reserve(bytes.size() + mesh.vertices.size() * 15 + mesh.triangles.size() * 13);
  for (std::size_t i = 0; i < mesh.vertices.size(); ++i) {
    append_bytes(bytes, mesh.vertices[i]);
    if (coloured) append_bytes(bytes, mesh.colours[i]);
  }
  for (const auto& t : mesh.triangles) {
    bytes.push_back(3);
    append_bytes(bytes, t);
  }
  io::write_file_atomically(file, bytes);
}

void write_obj(const Mesh& mesh, const std::filesystem::path& file) {
  std::string text = "# metres\n";
  const auto out = std::back_inserter(text);
  for (std::size_t i = 0; i < mesh.vertices.size(); ++i) {
    const auto& v = mesh.vertices[i];
    fmt::format_to(out, "v {:.6g} {:.6g} {:.6g}", v[0], v[1], v[2]);
    if (!mesh.colours.empty())
      for (const std::uint8_t c : mesh.colours[i]) fmt::format_to(out, " {:.4g}", c / 255.0);
    text += '\n';
  }
  for (const auto& t : mesh.triangles) fmt::format_to(out, "f {} {} {}\n", t[0] + 1, t[1] + 1, t[2] + 1);
  io::write_file_atomically(file, text);
}

Mesh read_ply(const std::filesystem::path& file) {
  return PlyReader(file).read();
}

}  // namespace talweg::geometry
