#pragma once

// In front of every file of the build `tsan`: LibTorch's parallel_for with plain threads. ThreadSanitizer knows when
// those begin and end; OpenMP's runtime is not compiled for it and looks like a race at every loop.
#include <algorithm>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#define INTRA_OP_PARALLEL

namespace at::internal {

template <typename F>
inline void invoke_parallel(std::int64_t begin, std::int64_t end, std::int64_t grain_size, const F& f) {
  constexpr std::int64_t kThreads = 3;
  const std::int64_t grain = std::max<std::int64_t>(1, grain_size);
  const std::int64_t parts = std::min(kThreads, (end - begin + grain - 1) / grain),
                     size = (end - begin + parts - 1) / parts;
  std::exception_ptr failure;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (std::int64_t from = begin; from < end; from += size)
    threads.emplace_back([&, from] {
      try {
        f(from, std::min(end, from + size));
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    });
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace at::internal
