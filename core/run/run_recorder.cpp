#include "core/run/run_recorder.h"

#include <fmt/format.h>

#include "core/metrics/json_lines.h"
#include "core/metrics/tensorboard.h"
#include "core/run/text_samples.h"

namespace talweg {
namespace {

class DirectoryRecorder : public RunRecorder {
 public:
  explicit DirectoryRecorder(const RunDirectory& directory) : directory_(directory) {}

  bool keeps() const override { return true; }
  std::optional<std::filesystem::path> folder() const override { return directory_.path(); }

  void open(std::int64_t step) override {
    sinks_.clear();
    sinks_.push_back(std::make_unique<metrics::JsonLinesSink>(directory_.metrics()));
    sinks_.push_back(std::make_unique<metrics::TensorBoardSink>(
        directory_.path(), step > 0 ? std::optional<std::int64_t>(step) : std::nullopt));
  }
  void write(const metrics::Record& record) override {
    for (const auto& sink : sinks_) sink->write(record);
  }
  void flush() override {
    for (const auto& sink : sinks_) sink->flush();
  }
  std::vector<metrics::Record> records() const override {
    std::error_code ignored;
    if (!std::filesystem::exists(directory_.metrics(), ignored)) return {};
    return metrics::read_metrics(directory_.metrics());
  }
  void truncate_after(std::int64_t step) override { metrics::truncate_after(directory_.metrics(), step); }

  void save(const checkpoint::Checkpoint& state, std::int64_t keep) override {
    checkpoint::CheckpointFolder(directory_.checkpoints(), "step").save(state, keep);
  }
  void save_best(const checkpoint::Checkpoint& state) override {
    checkpoint::CheckpointFolder(directory_.checkpoints(), "best").save(state, 1);
  }
  std::optional<checkpoint::Checkpoint> newest() const override {
    return checkpoint::CheckpointFolder(directory_.checkpoints(), "step").load_newest([](const std::string& text) {
      fmt::print(stderr, "talweg: {}\n", text);
    });
  }

  void save(const plot::Figure& figure) override { plot::save_figure(figure, directory_.figures()); }
  void save(std::int64_t step, const std::vector<TextSample>& samples) override {
    replace_samples(directory_.samples(), step, samples);
  }

 private:
  const RunDirectory& directory_;
  std::vector<std::unique_ptr<metrics::Sink>> sinks_;
};

class SilentRecorder : public RunRecorder {
 public:
  bool keeps() const override { return false; }
  std::optional<std::filesystem::path> folder() const override { return std::nullopt; }
  void open(std::int64_t) override {}
  void write(const metrics::Record&) override {}
  void flush() override {}
  std::vector<metrics::Record> records() const override { return {}; }
  void truncate_after(std::int64_t) override {}
  void save(const checkpoint::Checkpoint&, std::int64_t) override {}
  void save_best(const checkpoint::Checkpoint&) override {}
  std::optional<checkpoint::Checkpoint> newest() const override { return std::nullopt; }
  void save(const plot::Figure&) override {}
  void save(std::int64_t, const std::vector<TextSample>&) override {}
};

}  // namespace

std::unique_ptr<RunRecorder> make_directory_recorder(const RunDirectory& directory) {
  return std::make_unique<DirectoryRecorder>(directory);
}

std::unique_ptr<RunRecorder> make_silent_recorder() {
  return std::make_unique<SilentRecorder>();
}

}  // namespace talweg
