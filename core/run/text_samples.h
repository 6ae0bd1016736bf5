#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace talweg {

/// Something a model wrote: what it was given, and how it went on.
struct TextSample {
  std::string prompt, continuation;
};

/// Puts what a model wrote at a step into a run's file of samples: a list of {step, prompt, continuation} in JSON. What
/// the file holds of this step and of later ones, which a resumed run makes again, is replaced. Throws SystemError.
void replace_samples(const std::filesystem::path& file, std::int64_t step, const std::vector<TextSample>& samples);

}  // namespace talweg
