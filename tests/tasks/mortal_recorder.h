#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "core/run/run_recorder.h"

namespace talweg::tasks {

/// A recorder in whose eyes everything stops after a number of steps: a process that is killed.
struct Killed {};
class Mortal : public RunRecorder {
 public:
  Mortal(const RunDirectory& directory, std::int64_t last_save)
      : inner_(make_directory_recorder(directory)), last_save_(last_save) {}
  bool keeps() const override { return true; }
  std::optional<std::filesystem::path> folder() const override { return inner_->folder(); }
  void open(std::int64_t step) override { inner_->open(step); }
  void write(const metrics::Record& record) override { inner_->write(record); }
  void flush() override { inner_->flush(); }
  std::vector<metrics::Record> records() const override { return inner_->records(); }
  void truncate_after(std::int64_t step) override { inner_->truncate_after(step); }
  void save(const checkpoint::Checkpoint& state, std::int64_t keep) override {
    inner_->save(state, keep);
    if (state.step >= last_save_) throw Killed{};
  }
  void save_best(const checkpoint::Checkpoint& state) override { inner_->save_best(state); }
  std::optional<checkpoint::Checkpoint> newest() override { return inner_->newest(); }
  Course course() const override { return inner_->course(); }
  void note(const Course& course) override { inner_->note(course); }
  void set_aside() override { inner_->set_aside(); }
  void save(const plot::Figure& figure) override { inner_->save(figure); }
  void save(std::int64_t step, const std::vector<TextSample>& samples) override { inner_->save(step, samples); }

 private:
  std::unique_ptr<RunRecorder> inner_;
  std::int64_t last_save_;
};

}  // namespace talweg::tasks
