#pragma once

namespace talweg::privacy {

inline double square(double x) {
  return x * x;
}

}  // namespace talweg::privacy
