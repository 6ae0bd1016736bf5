#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/io/output_file.h"
#include "core/metrics/sink.h"

namespace talweg::metrics {

/// One record as a flat JSON object without line end:
/// {"step":10,"seconds":1.2,"epoch":0.5,"train/loss":0.3}. Doubles are written with the fewest
/// digits that read back to the same bits; "nan", "inf" and "-inf" are strings. Throws
/// std::invalid_argument when a value has a reserved name.
std::string to_json_line(const Record& record);

/// metrics.jsonl: one line per record, each written by one system call, so a killed process loses
/// at most the line it was writing. Continues an existing file, after removing an unfinished last
/// line.
class JsonLinesSink : public Sink {
 public:
  /// Throws SystemError when the file cannot be opened.
  explicit JsonLinesSink(const std::filesystem::path& path);
  void write(const Record& record) override;
  void flush() override;

 private:
  io::OutputFile file_;
};

/// All records of a metrics.jsonl. An unfinished last line is left out; any other damage is a
/// DataError naming the line. Throws DataError when the file cannot be read.
std::vector<Record> read_metrics(const std::filesystem::path& path);

/// Forgets what was recorded after `step`, so that a run resumed from a checkpoint of that step
/// does not record it twice. The file is replaced atomically, or left alone when it holds nothing
/// newer; a missing file is fine. Throws DataError on damage other than an unfinished last line,
/// SystemError when the file cannot be written.
void truncate_after(const std::filesystem::path& path, int64_t step);

}  // namespace talweg::metrics
