#include "device/double/memory.h"

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

#include <cstring>
#include <map>

namespace talweg::device_double {
namespace {

/// Beyond what Linux gives a program (47 bits, 48 on ARM, where the topmost byte would be ignored): following such an
/// address is a fault, never another's memory.
constexpr std::uintptr_t kOffset = std::uintptr_t{1} << 52;
constexpr int kPoison = 0xFF;

struct PinnedBlocks {
  std::mutex mutex;
  std::map<std::uintptr_t, std::size_t> sizes;
};

PinnedBlocks& pinned_blocks() {
  static auto* blocks = new PinnedBlocks;
  return *blocks;
}

}  // namespace

c10::DeviceIndex& current_device() {
  thread_local c10::DeviceIndex device = 0;
  return device;
}

struct Memory::Block {
  c10::DataPtr host;
  std::int64_t bytes;
  c10::DeviceIndex device;
};

Memory& Memory::instance() {
  static auto* memory = new Memory;  // outlives every tensor
  return *memory;
}

void* Memory::host_address(const void* device) {
  if (!device) return nullptr;
  return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(device) - kOffset);  // NOLINT
}

c10::DataPtr Memory::allocate(std::size_t bytes) {
  c10::DataPtr host = c10::GetCPUAllocator()->allocate(bytes);
  if (host) std::memset(host.mutable_get(), kPoison, bytes);
  return adopt(std::move(host), bytes, current_device());
}

c10::DataPtr Memory::adopt(c10::DataPtr host, std::size_t bytes, c10::DeviceIndex device) {
  const c10::Device place(c10::kPrivateUse1, device);
  if (!host || bytes == 0) return {nullptr, place};
  count(static_cast<std::int64_t>(bytes), device);
  void* address = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(host.get()) + kOffset);  // NOLINT
  auto* block = new Block{std::move(host), static_cast<std::int64_t>(bytes), device};
  return {address, block, &Memory::release, place};
}

void Memory::release(void* block) {
  auto* own = static_cast<Block*>(block);
  instance().count(-own->bytes, own->device);
  delete own;
}

void Memory::count(std::int64_t bytes, c10::DeviceIndex device) {
  const std::lock_guard lock(mutex_);
  auto& stats = stats_.at(static_cast<std::size_t>(device));
  auto &held = stats.allocated_bytes[0], &blocks = stats.allocation[0];
  if (bytes < 0) {
    held.decrease(static_cast<std::size_t>(-bytes));
    blocks.decrease(1);
    return;
  }
  TORCH_CHECK_WITH(OutOfMemoryError, held.current <= limit_ - bytes, "the device double: tried to allocate ", bytes,
                   " bytes beside ", held.current, " of ", limit_);
  held.increase(static_cast<std::size_t>(bytes));
  blocks.increase(1);
}

void Memory::copy_data(void* to, const void* from, std::size_t bytes) const {
  std::memcpy(host_address(to), host_address(from), bytes);
}

c10::CachingDeviceAllocator::DeviceStats Memory::getDeviceStats(c10::DeviceIndex device) {
  const std::lock_guard lock(mutex_);
  return stats_.at(static_cast<std::size_t>(device));
}

void Memory::resetAccumulatedStats(c10::DeviceIndex device) {
  const std::lock_guard lock(mutex_);
  auto& stats = stats_.at(static_cast<std::size_t>(device));
  stats.allocated_bytes[0].reset_accumulated();
  stats.allocation[0].reset_accumulated();
}

void Memory::resetPeakStats(c10::DeviceIndex device) {
  const std::lock_guard lock(mutex_);
  auto& stats = stats_.at(static_cast<std::size_t>(device));
  stats.allocated_bytes[0].reset_peak();
  stats.allocation[0].reset_peak();
}

std::pair<std::size_t, std::size_t> Memory::getMemoryInfo(c10::DeviceIndex device) {
  const std::int64_t held = getDeviceStats(device).allocated_bytes[0].current;
  return {static_cast<std::size_t>(limit_ - held), static_cast<std::size_t>(limit_)};
}

PinnedMemory& PinnedMemory::instance() {
  static auto* memory = new PinnedMemory;
  return *memory;
}

c10::DataPtr PinnedMemory::allocate(std::size_t bytes) {
  c10::DataPtr host = c10::GetCPUAllocator()->allocate(bytes);
  if (!host) return host;
  void* address = host.mutable_get();
  const auto key = reinterpret_cast<std::uintptr_t>(address);
  auto* owner = new c10::DataPtr(std::move(host));
  {
    PinnedBlocks& blocks = pinned_blocks();
    const std::lock_guard lock(blocks.mutex);
    blocks.sizes[key] = bytes;
  }
  const auto release = [](void* context) {
    auto* own = static_cast<c10::DataPtr*>(context);
    PinnedBlocks& blocks = pinned_blocks();
    {
      const std::lock_guard lock(blocks.mutex);
      blocks.sizes.erase(reinterpret_cast<std::uintptr_t>(own->get()));
    }
    delete own;
  };
  return {address, owner, release, c10::kCPU};
}

bool PinnedMemory::holds(const void* address) {
  PinnedBlocks& blocks = pinned_blocks();
  const std::lock_guard lock(blocks.mutex);
  const auto key = reinterpret_cast<std::uintptr_t>(address);
  const auto after = blocks.sizes.upper_bound(key);
  if (after == blocks.sizes.begin()) return false;
  const auto& [begin, size] = *std::prev(after);
  return key < begin + size;
}

}  // namespace talweg::device_double
