#pragma once

#include <functional>

#include "core/io/file_fingerprint.h"

namespace talweg {

/// The fate of a run that goes on while files it was built from have changed: returns to go on with them as they
/// are now, throws to refuse. Called with at least one change, on every rank with those that rank 0 sees.
using ChangedFilesPolicy = std::function<void(const io::FileChanges& changes)>;

/// Throws DataError naming each file, what became of it, and what can be done.
void refuse_changed_files(const io::FileChanges& changes);

/// Says on standard error that the run goes on, and what has changed.
void announce_changed_files(const io::FileChanges& changes);

}  // namespace talweg
