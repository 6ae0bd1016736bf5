#pragma once

#include <filesystem>

namespace talweg {

/// The folder of one run. It is locked while this object lives, so that two processes never train into the same one.
class RunDirectory {
 public:
  /// Makes the folder. Throws SystemError when it cannot be made, UsageError when it holds files already.
  static RunDirectory create(const std::filesystem::path& path);
  /// Opens a run to continue it. Throws UsageError when the folder is no run.
  static RunDirectory open(const std::filesystem::path& path);
  /// Removes the files of a run that create() began and that ended before its first step, and the folder where nothing
  /// else is in it, so that nothing stands in the way of the next one. What cannot be removed stays without a word: the
  /// run ends with an error of its own.
  void discard() const noexcept;
  ~RunDirectory();
  RunDirectory(RunDirectory&& other) noexcept;
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;
  RunDirectory& operator=(RunDirectory&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config() const { return path_ / "config.yaml"; }
  std::filesystem::path environment() const { return path_ / "environment.json"; }
  std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path csv() const { return path_ / "metrics.csv"; }
  /// The step of the last state that was saved: what is told apart from a run that never saved one.
  std::filesystem::path saved() const { return path_ / "saved.json"; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path figures() const { return path_ / "figures"; }
  std::filesystem::path samples() const { return path_ / "samples.json"; }
  std::filesystem::path summary() const { return path_ / "summary.json"; }
  std::filesystem::path report() const { return path_ / "report.html"; }

 private:
  explicit RunDirectory(std::filesystem::path path);
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace talweg
