#include <dlfcn.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "app/command_line.h"
#include "app/privacy.h"
#include "core/error.h"

namespace talweg::app {
namespace {

/// Loads the engine, which brings LibTorch, and hands the command over to it.
int run_engine(const Invocation& invocation) {
  // Threads that wait for work by spinning for milliseconds steal the processor from their own team when cores are
  // busy. Read by the OpenMP runtime when it is loaded, a few lines below.
  setenv("GOMP_SPINCOUNT", "20000", /*overwrite=*/0);
  // LibTorch warns of host names that cannot be looked up and the like; what matters to a user, Talweg says itself.
  setenv("TORCH_CPP_LOG_LEVEL", "ERROR", /*overwrite=*/0);
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  void* engine = nullptr;
  for (const auto& folder : {here, here.parent_path() / "lib", here.parent_path() / "lib/talweg"}) {
    const auto file = folder / "libtalweg_engine.so";
    if (!std::filesystem::exists(file)) continue;
    engine = dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (!engine) throw SystemError(std::string("the engine cannot be loaded: ") + dlerror());
    break;
  }
  if (!engine) throw SystemError("libtalweg_engine.so is not beside the program; build or install again");
  const auto entry = reinterpret_cast<EngineMain>(dlsym(engine, engine_entry));
  if (!entry) throw SystemError("libtalweg_engine.so is of another version; build or install again");
  return entry(invocation);
}

int run(int argc, char** argv) {
  const std::optional<Invocation> invocation = parse_command_line(argc, argv);
  if (!invocation) return 0;
  if (invocation->command == "completion") {
    std::cout << completion_script(invocation->arguments.front());
    return 0;
  }
  if (invocation->command == "privacy") return privacy(*invocation);
  return run_engine(*invocation);
}

/// The exit code once everything that was printed has left the process, which a full device may refuse.
int after_output(int code) {
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good()) return code;
  std::cerr << "talweg: cannot write to the standard output: " << std::generic_category().message(errno) << '\n';
  return code == 0 ? static_cast<int>(ExitCode::system_failure) : code;
}

}  // namespace
}  // namespace talweg::app

int main(int argc, char** argv) {
  // A file beyond the limit of its size (ulimit -f) is then an error of whoever writes it, as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return talweg::app::after_output(talweg::app::run(argc, argv));
  } catch (const talweg::Error& error) {
    std::cerr << "talweg: " << error.what() << '\n';
    return static_cast<int>(error.code());
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << "talweg: '" << error.path1().string() << "': " << error.code().message() << '\n';
    return static_cast<int>(talweg::ExitCode::system_failure);
  } catch (const std::exception& error) {
    std::cerr << "talweg: " << error.what() << '\n';
    return static_cast<int>(talweg::ExitCode::system_failure);
  }
}
