#pragma once

#include <stdexcept>
#include <string>

namespace talweg {

/// How a run of the program ends. The numbers are part of the interface (docs/guide.md) and never change.
enum class ExitCode : int {
  success = 0,
  system_failure = 1,         ///< disk full, permission denied, or a defect of the program
  usage = 2,                  ///< the command line is wrong
  config = 3,                 ///< the configuration is wrong; no work was started
  data = 4,                   ///< a data file is missing, damaged or not of the stated format
  training_failed = 5,        ///< non-finite loss, divergence
  interrupted_and_saved = 6,  ///< SIGTERM, SIGINT or SIGUSR1: the state was saved, `talweg resume` continues
  expectation_not_met = 7,    ///< the run finished, a stated expectation of its config does not hold
};

/// A failure with a sentence for the person at the keyboard: what was wrong, where, and what would be right.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

struct UsageError : Error {
  explicit UsageError(const std::string& message) : Error(ExitCode::usage, message) {}
};
struct ConfigError : Error {
  explicit ConfigError(const std::string& message) : Error(ExitCode::config, message) {}
};
struct DataError : Error {
  explicit DataError(const std::string& message) : Error(ExitCode::data, message) {}
};
struct TrainingError : Error {
  explicit TrainingError(const std::string& message) : Error(ExitCode::training_failed, message) {}
};
struct SystemError : Error {
  explicit SystemError(const std::string& message) : Error(ExitCode::system_failure, message) {}
};

}  // namespace talweg
