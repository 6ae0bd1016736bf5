#include "core/data/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::data {
namespace {

at::ScalarType type_of(unsigned char code, const std::string& name) {
  switch (code) {
    case 0x08:
      return at::kByte;
    case 0x09:
      return at::kChar;
    case 0x0B:
      return at::kShort;
    case 0x0C:
      return at::kInt;
    case 0x0D:
      return at::kFloat;
    case 0x0E:
      return at::kDouble;
    default:
      throw DataError(fmt::format(
          "{}: byte 2 is 0x{:02X}, which is no IDX type (0x08, 0x09, 0x0B … 0x0E were expected)", name, code));
  }
}

}  // namespace

at::Tensor parse_idx(std::string_view bytes, const std::string& name) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() < 4 || byte(0) != 0 || byte(1) != 0)
    throw DataError(fmt::format(
        "{}: not an IDX file (it does not start with two zero bytes, a type and a number of dimensions)", name));
  const at::ScalarType type = type_of(byte(2), name);
  const std::size_t dimensions = byte(3);
  if (dimensions == 0 || dimensions > 8)
    throw DataError(fmt::format("{}: byte 3 claims {} dimensions; 1 to 8 were expected", name, dimensions));
  const std::size_t header = 4 + 4 * dimensions;
  if (bytes.size() < header)
    throw DataError(fmt::format("{}: ends at byte {} inside its header of {} bytes", name, bytes.size(), header));
  const std::size_t item = at::elementSize(type);
  std::vector<std::int64_t> shape;
  std::size_t expected = item;
  for (std::size_t d = 0; d < dimensions; ++d) {
    std::size_t size = 0;
    for (std::size_t k = 0; k < 4; ++k) size = size << 8 | byte(4 + 4 * d + k);
    if (size == 0 || expected > bytes.size() / size)
      throw DataError(
          fmt::format("{}: dimension {} has size {}, more than the file's {} bytes hold", name, d, size, bytes.size()));
    expected *= size;
    shape.push_back(static_cast<std::int64_t>(size));
  }
  if (bytes.size() - header != expected)
    throw DataError(
        fmt::format("{}: has {} bytes of data, its header states {}", name, bytes.size() - header, expected));
  at::Tensor tensor = at::empty(shape, type);
  char* out = static_cast<char*>(tensor.mutable_data_ptr());
  const char* in = bytes.data() + header;
  std::memcpy(out, in, expected);
  if (item > 1)
    for (std::size_t i = 0; i < expected; i += item) std::reverse(out + i, out + i + item);
  return tensor;
}

LabelledData combine_idx(const at::Tensor& images, const at::Tensor& labels, const std::string& name) {
  if (labels.dim() != 1 || images.dim() < 2 || images.dim() > 4 || images.size(0) != labels.size(0))
    throw DataError(fmt::format("{}: {} images of {} dimensions do not go with {} labels of {} dimensions", name,
                                images.size(0), images.dim() - 1, labels.size(0), labels.dim()));
  LabelledData data;
  data.inputs = images.to(at::kFloat);
  if (!images.is_floating_point() && images.scalar_type() == at::kByte) data.inputs = data.inputs / 255;
  if (data.inputs.is_floating_point() && !data.inputs.isfinite().all().item<bool>())
    throw DataError(name + ": an image holds a value that is not finite");
  if (images.dim() == 3) data.inputs = data.inputs.unsqueeze(1);
  data.targets = labels.to(at::kLong);
  constexpr std::int64_t most_classes = 100'000;
  const std::int64_t largest = data.targets.max().item<std::int64_t>();
  if (data.targets.min().item<std::int64_t>() < 0 || largest >= most_classes)
    throw DataError(fmt::format("{}: labels are class numbers from 0 to {}", name, most_classes - 1));
  for (std::int64_t c = 0; c <= largest; ++c) data.class_names.push_back(std::to_string(c));
  return data;
}

}  // namespace talweg::data
