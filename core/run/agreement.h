#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/checkpoint/checkpoint.h"
#include "core/distributed/process_group.h"
#include "core/io/file_fingerprint.h"

namespace talweg {

/// The decisions that all processes of a run have to make alike. Every process asks the same questions in the
/// same order.
class Agreement {
 public:
  virtual ~Agreement() = default;

  /// Asked at the end of every step. `signal`: number of the signal this process has received, 0 for none. Returns the
  /// one to stop for.
  virtual int stop_for(int signal) = 0;
  /// Ends the exchange that stop_for() began. Returns a signal that arrived meanwhile, 0 for none.
  virtual int settle() = 0;
  /// Whether the processes may decide by time: clocks of several differ.
  virtual bool may_go_by_clock() const = 0;
  /// The checkpoint to continue from, on every process.
  virtual std::optional<checkpoint::Checkpoint> shared(std::optional<checkpoint::Checkpoint> newest) = 0;
  /// The largest of the numbers that the processes hold.
  virtual std::int64_t largest(std::int64_t number) = 0;
  /// The changes of files to decide about.
  virtual io::FileChanges shared(io::FileChanges changes) = 0;
};

/// A process that makes its run by itself: what it says is what holds.
class OwnDecision : public Agreement {
 public:
  int stop_for(int signal) override { return signal; }
  int settle() override { return 0; }
  bool may_go_by_clock() const override { return true; }
  std::optional<checkpoint::Checkpoint> shared(std::optional<checkpoint::Checkpoint> newest) override { return newest; }
  std::int64_t largest(std::int64_t number) override { return number; }
  io::FileChanges shared(io::FileChanges changes) override { return changes; }
};

/// Agreement among the ranks of a group that makes a run: OwnDecision where `group` is null or has one rank. The group
/// must outlive it.
std::unique_ptr<Agreement> agreement_among(distributed::ProcessGroup* group);

}  // namespace talweg
