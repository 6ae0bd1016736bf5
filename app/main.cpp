#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

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

}  // namespace
}  // namespace talweg::app

int main(int argc, char** argv) {
  try {
    return talweg::app::run(argc, argv);
  } catch (const talweg::Error& error) {
    std::cerr << "talweg: " << error.what() << '\n';
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::cerr << "talweg: " << error.what() << '\n';
    return static_cast<int>(talweg::ExitCode::system_failure);
  }
}
