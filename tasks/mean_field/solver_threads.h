#pragma once

#include <cstddef>
#include <functional>

namespace talweg::tasks {

/// Calls work(i) for every i < count on as many threads as LibTorch has, made for each call: what they do for a row of
/// a solve takes a hundred times as long as starting them. Which thread does what changes nothing.
void on_threads(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace talweg::tasks
