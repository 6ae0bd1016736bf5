#pragma once

#include <functional>
#include <string>

#include "core/error.h"

namespace talweg::testing {

/// The sentence with which an action refuses its work, "" when it does not.
inline std::string complaint(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace talweg::testing
