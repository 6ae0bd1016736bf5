#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace talweg::report {

/// Writes runs into a file store of MLflow, which `mlflow ui --backend-store-uri STORE` shows: the configuration as
/// parameters, metrics over steps, status and times, as one experiment. A run that was written before is replaced.
/// Throws DataError for a path that is no run directory, SystemError when a file cannot be written.
void write_mlflow_store(const std::vector<std::filesystem::path>& runs, const std::filesystem::path& store,
                        const std::string& experiment);

}  // namespace talweg::report
