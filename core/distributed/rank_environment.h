#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace talweg::distributed {

/// Which of several processes this is, and where they meet.
struct RankEnvironment {
  std::int64_t rank = 0;        ///< in [0, size)
  std::int64_t size = 1;        ///< processes in all
  std::int64_t local_rank = 0;  ///< among those of this host; chooses the GPU
  std::string address;          ///< host of the store
  std::uint16_t port = 0;       ///< port of the store
  bool agent_store = false;     ///< the launcher keeps the store; otherwise rank 0 does
  std::string attempt;          ///< differs after a restart, so that nothing of a dead group is read
  std::string origin;           ///< who said so: "torchrun", "Slurm", "RANK and WORLD_SIZE"
};

/// Returns the value of an environment variable, or nothing.
using Variables = std::function<std::optional<std::string>(const char* name)>;
/// Those of this process.
std::optional<std::string> process_variable(const char* name);

/// Reads what a launcher left in the environment: torchrun's variables, else plain RANK, WORLD_SIZE, MASTER_ADDR and
/// MASTER_PORT, else those of an mpirun, else those of a Slurm step with several tasks. Nothing when the process was
/// started alone. Throws ConfigError naming the variable that is missing or no number.
std::optional<RankEnvironment> find_ranks(const Variables& variables = process_variable);

/// The first host of Slurm's notation: "gpu[07-09,12],login" is gpu07. Throws ConfigError when it is none.
std::string first_host(std::string_view node_list);

}  // namespace talweg::distributed
