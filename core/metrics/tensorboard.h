#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/io/output_file.h"
#include "core/metrics/sink.h"

namespace talweg::metrics {

/// One TFRecord frame: length, masked CRC-32C of the length, payload, masked CRC-32C of the
/// payload.
std::string tfrecord_frame(std::string_view payload);

/// Scalars for TensorBoard: an `events.out.tfevents.*` file in the run directory. TensorBoard keeps
/// float32 values; metrics.jsonl keeps the exact ones. Each record is written at once, so a killed
/// process loses at most one.
class TensorBoardSink : public Sink {
 public:
  /// Starts a new file in `folder`, named so that it sorts behind the files already there. When the
  /// run continues from a checkpoint of step `resumed_from`, TensorBoard is told to forget what the
  /// earlier files hold beyond it. Throws SystemError when the file cannot be made.
  explicit TensorBoardSink(const std::filesystem::path& folder, std::optional<int64_t> resumed_from = std::nullopt);
  void write(const Record& record) override;
  void flush() override;

  const std::filesystem::path& path() const { return file_.path(); }

 private:
  io::OutputFile file_;
};

}  // namespace talweg::metrics
