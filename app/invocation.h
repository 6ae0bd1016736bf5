#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace talweg::app {

/// A parsed command line.
struct Invocation {
  std::string command;                   ///< "train", "resume", …
  std::vector<std::string> arguments;    ///< files, folders, names
  std::vector<std::string> assignments;  ///< of --set, --device and --seed, as "key=value"
  std::string output;                    ///< of --output; empty: the default
  std::string table;                     ///< of --table
  /// Of options that belong to one command, by name: {"noise", "1.1"}.
  std::vector<std::pair<std::string, std::string>> values;
  bool quiet = false;
  bool turns = false;                 ///< --turns: reproduce tries the wrong changes that claims name
  bool json = false;                  ///< --json: privacy answers for programs
  bool lists_paths = false;           ///< --paths: list prints what describe takes
  bool builds = true;                 ///< not with --no-build: check builds what it has read
  bool continues = false;             ///< --continue: train goes on with the run that is in --output already, if one is
  bool accepts_changed_data = false;  ///< --accept-changed-data: go on though files of the run have changed
  bool accepts_changes = false;       ///< --accept-changes: go on though options that made the steps have changed
  bool from_start = false;            ///< --from-start: begin a run anew whose states are damaged or gone
  std::vector<std::string> command_line;  ///< as typed, for the record
};

/// The name and type of the engine's one entry point.
inline constexpr const char* engine_entry = "talweg_engine_main";
using EngineMain = int (*)(const Invocation&);

}  // namespace talweg::app
