#include "core/metrics/tensorboard.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <string>

#include "core/io/crc32c.h"
#include "core/io/utf8.h"

namespace talweg::metrics {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view file_prefix = "events.out.tfevents.";

template <class Unsigned>
void append_little_endian(std::string& bytes, Unsigned value) {
  for (size_t i = 0; i < sizeof(Unsigned); ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
}

/// The few pieces of the protobuf wire format that tensorflow.Event needs
/// (protobuf.dev/programming-guides/encoding, tensorflow/core/util/event.proto).
class Message {
 public:
  Message& varint(int field, uint64_t value) {
    raw_varint(static_cast<uint64_t>(field) << 3 | 0);
    raw_varint(value);
    return *this;
  }
  Message& fixed64(int field, double value) {
    raw_varint(static_cast<uint64_t>(field) << 3 | 1);
    append_little_endian(bytes_, std::bit_cast<uint64_t>(value));
    return *this;
  }
  Message& fixed32(int field, float value) {
    raw_varint(static_cast<uint64_t>(field) << 3 | 5);
    append_little_endian(bytes_, std::bit_cast<uint32_t>(value));
    return *this;
  }
  Message& bytes(int field, std::string_view value) {
    raw_varint(static_cast<uint64_t>(field) << 3 | 2);
    raw_varint(value.size());
    bytes_ += value;
    return *this;
  }
  const std::string& encoded() const { return bytes_; }

 private:
  void raw_varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Field numbers of tensorflow.Event: wall_time 1, step 2, file_version 3, summary 5, session_log 7.
Message event(int64_t step) {
  Message message;
  message.fixed64(1, seconds_since_1970());
  message.varint(2, static_cast<uint64_t>(step));
  return message;
}

std::string version_event() {
  return event(0).bytes(3, "brain.Event:2").encoded();
}

/// SessionLog {status = START}: readers drop earlier points with a step ≥ the step of this event.
std::string restart_event(int64_t first_new_step) {
  const Message session = Message().varint(1, 1);
  return event(first_new_step).bytes(7, session.encoded()).encoded();
}

/// Summary {value {tag 1, simple_value 2} …}.
std::string summary_event(const Record& record) {
  Message summary;
  for (const auto& [name, value] : record.values) {
    Message scalar;
    scalar.bytes(1, io::valid_utf8(name)).fixed32(2, static_cast<float>(value));
    summary.bytes(1, scalar.encoded());
  }
  return event(record.step).bytes(5, summary.encoded()).encoded();
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 && name[0] ? name : "localhost";
}

/// TensorBoard reads the files of a folder in the order of their names, which begin with a time in
/// seconds: two sessions within one second still need an order.
fs::path next_event_file(const fs::path& folder) {
  auto time = static_cast<int64_t>(seconds_since_1970());
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    int64_t taken = 0;
    if (!name.starts_with(file_prefix)) continue;
    std::from_chars(name.data() + file_prefix.size(), name.data() + name.size(), taken);
    time = std::max(time, taken + 1);
  }
  return folder / fmt::format("{}{:010}.{}.{}", file_prefix, time, host_name(), ::getpid());
}

}  // namespace

std::string tfrecord_frame(std::string_view payload) {
  const auto masked = [](std::string_view bytes) { return std::rotr(io::crc32c(bytes), 15) + 0xA282EAD8u; };
  std::string frame;
  frame.reserve(payload.size() + 16);
  append_little_endian(frame, static_cast<uint64_t>(payload.size()));
  append_little_endian(frame, masked(frame));
  frame += payload;
  append_little_endian(frame, masked(payload));
  return frame;
}

TensorBoardSink::TensorBoardSink(const fs::path& folder, std::optional<int64_t> resumed_from)
    : file_(next_event_file(folder), io::OpenMode::create_new) {
  std::string beginning = tfrecord_frame(version_event());
  if (resumed_from) beginning += tfrecord_frame(restart_event(*resumed_from + 1));
  file_.write(beginning);
}

void TensorBoardSink::write(const Record& record) {
  file_.write(tfrecord_frame(summary_event(record)));
}

void TensorBoardSink::flush() {
  file_.sync();
}

}  // namespace talweg::metrics
