#include "device/double/waits.h"

#include <mutex>

namespace talweg::device_double {
namespace {

struct Counts {
  std::mutex mutex;
  std::map<std::string, std::int64_t> of;
};

Counts& counts() {
  static auto* own = new Counts;
  return *own;
}

}  // namespace

void Waits::reset() {
  const std::lock_guard lock(counts().mutex);
  counts().of.clear();
}

void Waits::add(const std::string& reason) {
  const std::lock_guard lock(counts().mutex);
  ++counts().of[reason];
}

std::int64_t Waits::count() {
  std::int64_t sum = 0;
  for (const auto& [reason, times] : reasons()) sum += times;
  return sum;
}

std::map<std::string, std::int64_t> Waits::reasons() {
  const std::lock_guard lock(counts().mutex);
  return counts().of;
}

}  // namespace talweg::device_double
