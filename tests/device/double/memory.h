#pragma once

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Storage.h>

#include <array>
#include <cstdint>
#include <limits>
#include <mutex>

namespace talweg::device_double {

/// Devices of the double; two, so that a forgotten index shows.
inline constexpr c10::DeviceIndex kDevices = 2;

/// The device that a thread works on.
c10::DeviceIndex& current_device();

/// Memory of the double. Behind it lies memory of the host, under addresses that no processor can read: one that
/// code of the host follows ends the process. New memory is filled with bytes that are NaN in every floating-point
/// type. Counts what a device's allocator counts; only operators' results and empty tensors are counted, not what a
/// kernel holds while it computes.
class Memory final : public c10::DeviceAllocator {
 public:
  static Memory& instance();

  /// Where the host finds an address of the device; null for null.
  static void* host_address(const void* device);

  c10::DataPtr allocate(std::size_t bytes) override;
  /// Memory of the host, owned by `host`, as memory of the device.
  c10::DataPtr adopt(c10::DataPtr host, std::size_t bytes, c10::DeviceIndex device);

  /// From here on a device has so many bytes; what would take more throws c10::OutOfMemoryError.
  void set_limit(std::int64_t bytes) { limit_ = bytes; }
  static constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

  void copy_data(void* to, const void* from, std::size_t bytes) const override;
  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t) override {}
  void recordStream(const c10::DataPtr&, c10::Stream) override {}
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex device) override;
  void resetAccumulatedStats(c10::DeviceIndex device) override;
  void resetPeakStats(c10::DeviceIndex device) override;
  std::pair<std::size_t, std::size_t> getMemoryInfo(c10::DeviceIndex device) override;

 private:
  struct Block;
  static void release(void* block);
  void count(std::int64_t bytes, c10::DeviceIndex device);

  std::mutex mutex_;
  std::array<c10::CachingDeviceAllocator::DeviceStats, kDevices> stats_;
  std::int64_t limit_ = kNoLimit;
};

/// Page-locked memory of the host, as far as anyone asks: memory that is known by its address.
class PinnedMemory final : public c10::Allocator {
 public:
  static PinnedMemory& instance();
  c10::DataPtr allocate(std::size_t bytes) override;
  void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }
  bool holds(const void* address);
};

}  // namespace talweg::device_double
