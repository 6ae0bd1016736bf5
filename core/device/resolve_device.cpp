#include "core/device/resolve_device.h"

#include <fmt/format.h>

#include "core/device/accelerator.h"
#include "core/device/device_name.h"
#include "core/error.h"

namespace talweg {
namespace {

std::string present(c10::DeviceType kind, std::int64_t count) {
  const std::string name = c10::DeviceTypeName(kind, /*lower_case=*/true);
  return count == 1 ? fmt::format("one ('{0}' or '{0}:0')", name)
                    : fmt::format("{0} ('{1}:0' to '{1}:{2}')", count, name, count - 1);
}

}  // namespace

at::Device resolve_device(const std::string& device, std::int64_t local_rank) {
  if (device == "cpu") return at::kCPU;
  const std::optional<c10::DeviceType> kind = accelerator();
  const std::int64_t count = accelerator_count();
  const auto own = static_cast<at::DeviceIndex>(count > 0 ? local_rank % count : 0);
  if (device == "auto") return kind ? at::Device(*kind, own) : at::Device(at::kCPU);
  if (const std::string defect = defect_of_device_name(device); !defect.empty()) throw ConfigError("device: " + defect);
  if (!kind)
    throw ConfigError(
        fmt::format("device: '{}' was asked for, and LibTorch sees no accelerator here; use 'cpu' or 'auto', or a "
                    "build and a driver "
                    "that know it ('talweg version' tells both)",
                    device));
  const at::Device asked(device);
  if (asked.type() != *kind)
    throw ConfigError(fmt::format("device: '{}' was asked for, and the accelerators here are {}; use 'auto'", device,
                                  present(*kind, count)));
  if (asked.index() >= count)
    throw ConfigError(fmt::format("device: '{}' was asked for, of these there {} {}", device, count == 1 ? "is" : "are",
                                  present(*kind, count)));
  return {*kind, asked.has_index() ? asked.index() : own};
}

}  // namespace talweg
