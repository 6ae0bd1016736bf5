#pragma once

#include <exception>
#include <string>

namespace talweg {

/// The message of an exception, without the frames of the C++ stack that LibTorch appends to its own.
inline std::string message_of(const std::exception& error) {
  std::string text = error.what();
  for (const char* mark : {"\nException raised from", "Exception raised from", "\nframe #0"})
    if (const std::size_t at = text.find(mark); at != std::string::npos) text.resize(at);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace talweg
