#include "core/run/changed_files.h"

#include <fmt/format.h>

#include "core/error.h"

namespace talweg {

void refuse_changed_files(const io::FileChanges& changes) {
  throw DataError(
      fmt::format("files that the run was built from have changed since its state was saved: {}. Put them back as they "
                  "were, begin a new run with 'talweg train', or add --accept-changed-data to go on with what is there "
                  "now",
                  io::describe(changes)));
}

void announce_changed_files(const io::FileChanges& changes) {
  fmt::print(stderr, "talweg: going on with changed files (--accept-changed-data): {}\n", io::describe(changes));
}

}  // namespace talweg
