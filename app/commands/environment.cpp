#include "app/commands/environment.h"

#include <ATen/Parallel.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>
#include <torch/version.h>

#include <ctime>
#include <fstream>
#include <string>

#include "app/commands/commands.h"
#include "core/device/accelerator.h"
#include "core/device/device_info.h"
#include "core/simd/target.h"

namespace talweg::app {
namespace {

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

}  // namespace

nlohmann::json describe_environment(const Invocation& invocation) {
  struct utsname system {};
  uname(&system);
  const std::optional<c10::DeviceType> kind = accelerator();
  nlohmann::json environment = {{"talweg", TALWEG_VERSION},
                                {"commit", TALWEG_COMMIT},
                                {"libtorch", TORCH_VERSION},
                                {"compiler", fmt::format("g++ {}", __VERSION__)},
                                {"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
                                {"processor", processor()},
                                {"vectors", simd::name_of(simd::current_target())},
                                {"cpu threads", at::get_num_threads()},
                                {"accelerators", accelerator_count()},
                                {"command", fmt::format("{}", fmt::join(invocation.command_line, " "))},
                                {"started", fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::time(nullptr)))}};
  if (kind) environment.update(describe_device({*kind, 0}));
  return environment;
}

int version(const Invocation& invocation) {
  const nlohmann::json environment = describe_environment(invocation);
  for (const auto& [key, value] : environment.items())
    if (key != "command" && key != "started")
      fmt::print("{:<12} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  return 0;
}

}  // namespace talweg::app
