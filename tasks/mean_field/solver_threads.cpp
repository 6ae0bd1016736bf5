#include "tasks/mean_field/solver_threads.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace talweg::tasks {

void on_threads(std::size_t count, const std::function<void(std::size_t)>& work) {
  const auto threads = std::min(count, static_cast<std::size_t>(at::get_num_threads()));
  const auto part = [&](std::size_t first) {
    for (std::size_t i = first; i < count; i += threads) work(i);
  };
  std::vector<std::thread> others;
  for (std::size_t first = 1; first < threads; ++first) others.emplace_back(part, first);
  part(0);
  for (std::thread& other : others) other.join();
}

}  // namespace talweg::tasks
