#include <c10/util/Exception.h>
#include <c10/util/Logging.h>
#include <fmt/format.h>
#include <malloc.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "app/commands/commands.h"
#include "core/error.h"
#include "core/exception_message.h"
#include "core/simd/target.h"
#include "tasks/register.h"

namespace talweg::app {
namespace {

/// glibc gives large blocks back to the kernel at every free and pays page faults for them at the next step.
/// Keeping them makes CPU training steps up to several times faster.
void keep_large_blocks() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2000 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
}

int dispatch(const Invocation& invocation) {
  constexpr std::pair<const char*, int (*)(const Invocation&)> commands[] = {
      {"train", train},         {"resume", resume},     {"check", check},         {"list", list},
      {"describe", describe},   {"schema", schema},     {"report", report},       {"mlflow", mlflow},
      {"reproduce", reproduce}, {"generate", generate}, {"export", export_model}, {"theory", theory},
      {"recommend", recommend}, {"version", version}};
  for (const auto& [name, command] : commands)
    if (invocation.command == name) return command(invocation);
  throw UsageError(fmt::format("there is no command '{}'", invocation.command));
}

}  // namespace
}  // namespace talweg::app

extern "C" int talweg_engine_main(const talweg::app::Invocation& invocation) {
  using talweg::ExitCode;
  try {
    std::signal(SIGPIPE, SIG_IGN);  // a closed pipe behind standard error must not end a training run
    c10::initLogging();             // reads TORCH_CPP_LOG_LEVEL
    talweg::app::keep_large_blocks();
    talweg::simd::current_target();  // a cap that names no vectors is refused before anything is computed
    talweg::tasks::register_components();
    return talweg::app::dispatch(invocation);
  } catch (const talweg::Error& error) {
    fmt::print(stderr, "talweg: {}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const c10::Error& error) {
    fmt::print(stderr, "talweg: LibTorch failed: {}\n", talweg::message_of(error));
    return static_cast<int>(ExitCode::system_failure);
  } catch (const std::filesystem::filesystem_error& error) {
    fmt::print(stderr, "talweg: '{}': {}\n", error.path1().string(), error.code().message());
    return static_cast<int>(ExitCode::system_failure);
  } catch (const std::exception& error) {
    fmt::print(stderr, "talweg: {}\n", talweg::message_of(error));
    return static_cast<int>(ExitCode::system_failure);
  }
}
