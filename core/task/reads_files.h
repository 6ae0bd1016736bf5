#pragma once

#include "core/io/file_fingerprint.h"

namespace talweg {

/// A task or a study that is built from files. It offers this beside Task or Study, so that a run which goes on
/// notices that they have changed.
class ReadsFiles {
 public:
  virtual ~ReadsFiles() = default;
  /// The files as they were when they were read: data, weights, tokenizers; empty where everything is built in.
  virtual const io::FileFingerprints& files_read() const = 0;
};

}  // namespace talweg
