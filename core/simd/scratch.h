#pragma once

#include <cstdint>
#include <memory>
#include <new>

#include "core/simd/lanes.h"

namespace talweg::simd {

/// Working memory of a thread, kept between calls: aligned for Lanes, uninitialised.
template <class T>
class Scratch {
 public:
  /// At least `count` lanes, valid until the thread's next call.
  Lanes<T>* reserve(std::int64_t count) {
    if (count > capacity_) {
      memory_.reset(static_cast<std::byte*>(
          ::operator new[](static_cast<std::size_t>(count) * sizeof(Lanes<T>), std::align_val_t(64))));
      capacity_ = count;
    }
    return reinterpret_cast<Lanes<T>*>(memory_.get());
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t(64)); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::int64_t capacity_ = 0;
};

/// Hands out consecutive pieces of a scratch.
template <class T>
class Pieces {
 public:
  explicit Pieces(Lanes<T>* next) : next_(next) {}
  Lanes<T>* take(std::int64_t count) {
    Lanes<T>* piece = next_;
    next_ += count;
    return piece;
  }

 private:
  Lanes<T>* next_;
};

}  // namespace talweg::simd
