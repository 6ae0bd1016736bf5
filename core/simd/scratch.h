#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "core/simd/dispatch.h"

namespace talweg::simd {

/// Working memory of a thread, kept between calls: aligned for vectors of every target, uninitialised.
class Scratch {
 public:
  /// Room for `count` vectors of any target, valid until the thread's next call.
  std::byte* reserve(std::int64_t count) {
    if (count > capacity_) {
      memory_.reset(static_cast<std::byte*>(
          ::operator new[](static_cast<std::size_t>(count * kWidestVector), std::align_val_t(kWidestVector))));
      capacity_ = count;
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t(kWidestVector)); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::int64_t capacity_ = 0;
};

/// Hands out consecutive pieces of a scratch as vectors.
template <class V>
class Pieces {
 public:
  TALWEG_INLINE explicit Pieces(std::byte* memory) : next_(reinterpret_cast<V*>(memory)) {}
  TALWEG_INLINE V* take(std::int64_t count) {
    V* piece = next_;
    next_ += count;
    return piece;
  }

 private:
  V* next_;
};

}  // namespace talweg::simd
