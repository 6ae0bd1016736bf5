#pragma once

#include <filesystem>
#include <string>

#include "core/io/file_fingerprint.h"

namespace talweg::tasks {

/// The files that a pretrained model is read from: a GGUF file itself; of a folder its configuration, its weights and
/// its tokenizer, by name. Throws DataError for a path that is neither.
io::FileFingerprints fingerprints_of_model(const std::filesystem::path& path);

/// The files of a folder with low-rank adapters: their configuration and weights. Throws DataError.
io::FileFingerprints fingerprints_of_adapters(const std::filesystem::path& folder);

/// The file that a tokenizer is read from; none for "bytes". Throws DataError.
io::FileFingerprints fingerprints_of_tokenizer(const std::string& name);

}  // namespace talweg::tasks
