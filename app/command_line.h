#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/invocation.h"

namespace talweg::app {

/// A subcommand as the help and the shell completion show it.
struct Command {
  std::string name;
  std::string arguments;             ///< "CONFIG", "RUN…"
  std::string summary;               ///< one line
  std::string details;               ///< further lines of `talweg NAME --help`
  std::vector<std::string> options;  ///< long names without dashes, of those in command_line.cpp
  std::size_t fewest = 0;            ///< arguments
  std::size_t most = 1000;
};

const std::vector<Command>& commands();

/// The help of the program, or of one subcommand.
std::string general_help();
std::string command_help(const Command& command);

/// Parses the words after the program's name. Returns nothing when help or version was asked for and printed.
/// Throws UsageError.
std::optional<Invocation> parse_command_line(int argc, char** argv);

/// A completion script for bash, zsh or fish; throws UsageError for another shell.
std::string completion_script(const std::string& shell);

}  // namespace talweg::app
