#include "core/agents/snapshot.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <cstring>

#include "core/io/crc32c.h"
#include "core/libtorch.h"

namespace talweg::agents {
namespace {

static_assert(std::endian::native == std::endian::little, "snapshots are little-endian");

constexpr std::string_view kMagic = "TALWSNAP";
constexpr std::uint32_t kMostTensors = 1 << 20;
constexpr int kMostDimensions = 16;

template <class T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put(std::string& bytes, const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().to(at::kCPU).contiguous();
  put(bytes, static_cast<std::uint8_t>(flat.scalar_type()));
  put(bytes, static_cast<std::uint8_t>(flat.dim()));
  for (const std::int64_t size : flat.sizes()) put(bytes, size);
  bytes.append(static_cast<const char*>(flat.data_ptr()), flat.nbytes());
}

/// Takes a snapshot apart, and never reads past its end.
class SnapshotReader {
 public:
  explicit SnapshotReader(std::string_view bytes) : bytes_(bytes) {}

  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) throw SnapshotDefect{"it is cut short"};
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  at::Tensor tensor() {
    const auto type = static_cast<at::ScalarType>(number<std::uint8_t>());
    const int dimensions = number<std::uint8_t>();
    if ((type != at::kFloat && type != at::kDouble && type != at::kBFloat16 && type != at::kHalf) ||
        dimensions > kMostDimensions)
      throw SnapshotDefect{"it holds what is no tensor of numbers"};
    std::vector<std::int64_t> sizes;
    std::size_t count = 1;
    for (int i = 0; i < dimensions; ++i) {
      sizes.push_back(number<std::int64_t>());
      if (sizes.back() < 0 || __builtin_mul_overflow(count, static_cast<std::size_t>(sizes.back()), &count))
        throw SnapshotDefect{"it holds what is no tensor of numbers"};
    }
    std::size_t length = 0;
    if (__builtin_mul_overflow(count, at::elementSize(type), &length)) throw SnapshotDefect{"it is cut short"};
    const std::string_view elements = take(length);
    const at::Tensor tensor = at::empty(sizes, type);
    if (!elements.empty()) std::memcpy(tensor.data_ptr(), elements.data(), elements.size());
    return tensor;
  }
  bool is_empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

std::string described(const at::Tensor& tensor) {
  return fmt::format("{} [{}]", c10::toString(tensor.scalar_type()),
                     fmt::join(tensor.sizes().begin(), tensor.sizes().end(), ", "));
}

}  // namespace

std::string encode_snapshot(const Message& message, const SnapshotFormat& format) {
  torch::NoGradGuard no_grad;
  std::string bytes(kMagic);
  put(bytes, SnapshotFormat::version);
  put(bytes, format.configuration);
  put(bytes, message.from);
  put(bytes, message.sent);
  put(bytes, static_cast<std::uint32_t>(message.parameters.size()));
  put(bytes, static_cast<std::uint32_t>(message.beside.size()));
  for (const auto* list : {&message.parameters, &message.beside})
    for (const at::Tensor& tensor : *list) put(bytes, tensor);
  put(bytes, io::crc32c(bytes));
  return bytes;
}

Message decode_snapshot(std::string_view bytes, const SnapshotFormat& format, std::int64_t sender,
                        const std::vector<at::Tensor>& like) {
  SnapshotReader reader(bytes);
  if (reader.take(kMagic.size()) != kMagic) throw SnapshotDefect{"it is no snapshot"};
  if (const auto version = reader.number<std::uint32_t>(); version != SnapshotFormat::version)
    throw SnapshotDefect{
        fmt::format("it is of version {}, and this program knows {}", version, SnapshotFormat::version)};
  constexpr std::size_t kSum = sizeof(std::uint32_t);
  if (bytes.size() < kSum) throw SnapshotDefect{"it is cut short"};
  std::uint32_t sum = 0;
  std::memcpy(&sum, bytes.data() + bytes.size() - kSum, kSum);
  if (sum != io::crc32c(bytes.substr(0, bytes.size() - kSum)))
    throw SnapshotDefect{"its checksum does not fit: it is cut short or damaged"};
  if (reader.number<std::uint32_t>() != format.configuration)
    throw SnapshotDefect{"it is of an agent with another configuration"};
  Message message;
  message.from = reader.number<std::int64_t>();
  if (message.from != sender) throw SnapshotDefect{fmt::format("it is of agent {}", message.from)};
  message.sent = reader.number<std::int64_t>();
  const auto parameters = reader.number<std::uint32_t>(), beside = reader.number<std::uint32_t>();
  if (parameters > kMostTensors || beside > kMostTensors) throw SnapshotDefect{"it holds too many tensors"};
  for (std::uint32_t i = 0; i < parameters; ++i) message.parameters.push_back(reader.tensor());
  for (std::uint32_t i = 0; i < beside; ++i) message.beside.push_back(reader.tensor());
  if (reader.take(kSum).size() != kSum || !reader.is_empty()) throw SnapshotDefect{"there is something behind its end"};
  if (message.parameters.size() != like.size())
    throw SnapshotDefect{fmt::format("it has {} parameters, and the model {}", message.parameters.size(), like.size())};
  for (std::size_t k = 0; k < like.size(); ++k)
    if (message.parameters[k].sizes() != like[k].sizes() ||
        message.parameters[k].scalar_type() != like[k].scalar_type())
      throw SnapshotDefect{fmt::format("its parameter {} is {}, and the model's {}", k,
                                       described(message.parameters[k]), described(like[k]))};
  return message;
}

}  // namespace talweg::agents
