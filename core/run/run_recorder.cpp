#include "core/run/run_recorder.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/io/output_file.h"
#include "core/io/set_aside.h"
#include "core/metrics/json_lines.h"
#include "core/metrics/tensorboard.h"
#include "core/run/text_samples.h"

namespace talweg {
namespace {

namespace fs = std::filesystem;

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
    states_.save(state, keep);
    // What goes on from an earlier state leaves later ones behind; they are not of the run as it is now.
    for (const fs::path& path : states_.list_after(state.step)) io::set_aside(path, "superseded");
    note(course_of(state));
  }
  void save_best(const checkpoint::Checkpoint& state) override {
    bests_.save(state, 1);
    // Found in steps that were undone since, when the process ended before it saved them.
    std::error_code ignored;
    for (const fs::path& path : bests_.list_after(state.step)) fs::remove_all(path, ignored);
  }
  std::optional<checkpoint::Checkpoint> newest() override {
    checkpoint::FoundCheckpoint found = states_.find_newest();
    const std::int64_t saved = kept().saved;
    if (!found.newest && (!found.damaged.empty() || saved > 0)) throw nothing_whole(found.damaged, saved);
    for (const checkpoint::DamagedCheckpoint& damaged : found.damaged)
      fmt::print(stderr, "talweg: passing over the checkpoint {}: {}; it is set aside as '{}'\n", damaged.path.string(),
                 damaged.reason, io::set_aside(damaged.path, "damaged").string());
    if (!found.newest) {
      keep_records_of_unnoted_course();
      return std::nullopt;
    }
    if (!found.damaged.empty())
      for (const fs::path& path : bests_.list_after(found.newest->step)) io::set_aside(path, "superseded");
    else if (found.newest->step < saved)
      fmt::print(stderr,
                 "talweg: the state of step {}, which was saved last, is not in '{}' any more; the newest is of step "
                 "{}\n",
                 saved, directory_.checkpoints().string(), found.newest->step);
    return std::move(found.newest);
  }
  Course course() const override {
    Course course = kept();
    course.seen = std::max({course.saved, states_.last_step(), bests_.last_step()});
    for (const metrics::Record& record : records()) course.seen = std::max(course.seen, record.step);
    course.furthest = std::max(course.furthest, course.seen);
    return course;
  }
  void note(const Course& course) override {
    const nlohmann::json kept = {{"step", course.saved},
                                 {"undone", course.undone},
                                 {"furthest", course.furthest},
                                 {"settings", course.settings}};
    io::write_file_atomically(directory_.saved(), kept.dump(1) + "\n");
  }
  void set_aside() override {
    std::error_code ignored;
    for (const fs::path& path : {directory_.checkpoints(), directory_.metrics()})
      if (fs::exists(path, ignored))
        fmt::print(stderr, "talweg: '{}' is set aside as '{}'\n", path.string(),
                   io::set_aside(path, "earlier").string());
  }

  void save(const plot::Figure& figure) override { plot::save_figure(figure, directory_.figures()); }
  void save(std::int64_t step, const std::vector<TextSample>& samples) override {
    replace_samples(directory_.samples(), step, samples);
  }

 private:
  /// What was noted. Runs of versions that noted nothing have a course of their states and records alone.
  Course kept() const {
    std::error_code ignored;
    if (!fs::exists(directory_.saved(), ignored)) return {};
    const auto kept = nlohmann::json::parse(io::read_whole_file(directory_.saved()), nullptr, false);
    try {
      Course course;
      course.saved = kept.at("step").get<std::int64_t>();
      course.undone = kept.at("undone").get<std::int64_t>();
      course.furthest = kept.at("furthest").get<std::int64_t>();
      course.settings = kept.at("settings").get<Settings>();
      return course;
    } catch (const nlohmann::json::exception&) {
      throw DataError(
          fmt::format("'{}' is damaged: it tells the step that was saved last, the steps that were undone and what "
                      "made them; put a "
                      "copy of it back, or remove it where the states in '{}' are what they should be",
                      directory_.saved().string(), directory_.checkpoints().string()));
    }
  }

  /// A run of a version that noted no course may have lost states that nothing tells of; its records may be all that is
  /// left of it.
  void keep_records_of_unnoted_course() const {
    std::error_code ignored;
    if (fs::exists(directory_.saved(), ignored)) return;
    const std::vector<metrics::Record> known = records();
    if (std::none_of(known.begin(), known.end(), [](const metrics::Record& record) { return record.step > 0; })) return;
    fmt::print(stderr, "talweg: '{}' holds no state; its records are set aside as '{}' and the run begins anew\n",
               directory_.checkpoints().string(), io::set_aside(directory_.metrics(), "earlier").string());
  }

  NoWholeState nothing_whole(const std::vector<checkpoint::DamagedCheckpoint>& damaged, std::int64_t saved) const {
    std::string states;
    for (const checkpoint::DamagedCheckpoint& one : damaged)
      states += fmt::format("\n  {}: {}", one.path.filename().string(), one.reason);
    if (damaged.empty())
      states = fmt::format("\n  the state of step {} was saved last, and '{}' holds none", saved,
                           directory_.checkpoints().string());
    return NoWholeState(
        fmt::format("'{}' has no whole state left to go on from:{}", directory_.path().string(), states));
  }

  const RunDirectory& directory_;
  const checkpoint::CheckpointFolder states_{directory_.checkpoints(), "step"};
  const checkpoint::CheckpointFolder bests_{directory_.checkpoints(), "best"};
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
  std::optional<checkpoint::Checkpoint> newest() override { return std::nullopt; }
  Course course() const override { return {}; }
  void note(const Course&) override {}
  void set_aside() override {}
  void save(const plot::Figure&) override {}
  void save(std::int64_t, const std::vector<TextSample>&) override {}
};

}  // namespace

Course course_of(const checkpoint::Checkpoint& state) {
  Course course{state.step, state.step, 0, state.step, {}};
  if (const auto known = state.values.find("course"); known != state.values.end()) {
    course.undone = known->second.at("undone").get<std::int64_t>();
    course.furthest = known->second.at("furthest").get<std::int64_t>();
  }
  if (const auto known = state.values.find("settings"); known != state.values.end())
    course.settings = known->second.get<Settings>();
  return course;
}

std::unique_ptr<RunRecorder> make_directory_recorder(const RunDirectory& directory) {
  return std::make_unique<DirectoryRecorder>(directory);
}

std::unique_ptr<RunRecorder> make_silent_recorder() {
  return std::make_unique<SilentRecorder>();
}

}  // namespace talweg
