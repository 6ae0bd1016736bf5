#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace talweg::agents {

/// Where agents that are processes of their own leave what they know, and find what others left: the newest alone
/// counts, and nobody waits for anybody.
class MailBox {
 public:
  virtual ~MailBox() = default;
  /// Replaces what this agent has left.
  virtual void publish(std::string_view snapshot) = 0;
  /// What another agent has left, unless this function has returned it already or there is nothing. Does not wait.
  virtual std::optional<std::string> newer(std::int64_t agent) = 0;
};

/// A folder that all agents see, on one machine or on a file system that machines share, with a file for each:
/// `agent_3.snapshot`. Files are replaced whole by renaming, so that a reader finds one snapshot or another, never a
/// mixture. An agent that is killed leaves its last one behind.
class FolderMailBox : public MailBox {
 public:
  /// Makes the folder. Throws SystemError.
  FolderMailBox(std::filesystem::path folder, std::int64_t own);
  /// Throws SystemError.
  void publish(std::string_view snapshot) override;
  std::optional<std::string> newer(std::int64_t agent) override;

 private:
  std::filesystem::path file_of(std::int64_t agent) const;

  std::filesystem::path folder_;
  std::int64_t own_;
  std::map<std::int64_t, std::pair<ino_t, std::int64_t>> seen_;  // inode and time of change, in ns
};

}  // namespace talweg::agents
