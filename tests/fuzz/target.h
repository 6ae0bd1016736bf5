#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/error.h"

// TALWEG_FUZZ_TARGET(name) { … } defines a function of `bytes` that must survive anything. A talweg::Error, a sentence
// for the user, is the designed answer to bad input. Under libFuzzer each target is a program; otherwise all of them
// are functions of one, see driver.cpp.
namespace talweg::fuzz {

using Target = void (*)(std::string_view bytes);

/// The targets of this program by name.
inline std::map<std::string, Target>& targets() {
  static std::map<std::string, Target> all;
  return all;
}

inline void run(Target target, std::string_view bytes) {
  try {
    target(bytes);
  } catch (const Error&) {
  }
}

}  // namespace talweg::fuzz

#ifdef TALWEG_LIBFUZZER
#define TALWEG_FUZZ_TARGET(name)                                                                 \
  static void fuzz_##name(std::string_view bytes);                                               \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {            \
    talweg::fuzz::run(fuzz_##name, std::string_view(reinterpret_cast<const char*>(data), size)); \
    return 0;                                                                                    \
  }                                                                                              \
  static void fuzz_##name([[maybe_unused]] std::string_view bytes)
#else
#define TALWEG_FUZZ_TARGET(name)                                                                         \
  static void fuzz_##name(std::string_view bytes);                                                       \
  static const bool fuzz_##name##_is_known = talweg::fuzz::targets().emplace(#name, fuzz_##name).second; \
  static void fuzz_##name([[maybe_unused]] std::string_view bytes)
#endif
