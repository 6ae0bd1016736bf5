#include "core/distributed/rank_environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <functional>

#include "core/error.h"

namespace talweg::distributed {
namespace {

/// The number in a variable. Throws ConfigError when it is not there or not in [low, high].
std::int64_t number(const Variables& variables, const char* name, std::int64_t low, std::int64_t high,
                    const std::string& origin) {
  const std::optional<std::string> text = variables(name);
  if (!text) throw ConfigError(fmt::format("{} is set and {} is not: a launcher sets both", origin, name));
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < low || value > high)
    throw ConfigError(fmt::format("{}={} is not a number from {} to {}", name, *text, low, high));
  return value;
}

constexpr std::int64_t kMostRanks = 1 << 20;

/// MASTER_ADDR, MASTER_PORT and the ranks' numbers, as torchrun and hand-written launchers set them.
RankEnvironment plain_ranks(const Variables& variables) {
  RankEnvironment ranks;
  ranks.size = number(variables, "WORLD_SIZE", 1, kMostRanks, "RANK");
  ranks.rank = number(variables, "RANK", 0, ranks.size - 1, "WORLD_SIZE");
  ranks.local_rank = variables("LOCAL_RANK") ? number(variables, "LOCAL_RANK", 0, ranks.rank, "RANK") : std::int64_t{0};
  const std::optional<std::string> address = variables("MASTER_ADDR");
  if (!address || address->empty()) throw ConfigError("RANK is set and MASTER_ADDR is not: a launcher sets both");
  ranks.address = *address;
  ranks.port = static_cast<std::uint16_t>(number(variables, "MASTER_PORT", 1, 65535, "RANK"));
  ranks.origin = "RANK and WORLD_SIZE";
  if (variables("TORCHELASTIC_RUN_ID")) ranks.origin = "torchrun";
  ranks.agent_store = variables("TORCHELASTIC_USE_AGENT_STORE").value_or("") == "True";
  ranks.attempt = variables("TORCHELASTIC_RESTART_COUNT").value_or("0");
  return ranks;
}

/// A port that the ranks of a step agree on and that two steps on a host hardly share.
std::uint16_t port_of(std::int64_t job, std::int64_t step, std::int64_t restart) {
  return static_cast<std::uint16_t>(20000 + (job * 31 + step * 7 + restart) % 20000);
}

RankEnvironment slurm_ranks(const Variables& variables) {
  RankEnvironment ranks;
  const char* const size = variables("SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS";
  ranks.size = number(variables, size, 1, kMostRanks, "SLURM_PROCID");
  ranks.rank = number(variables, "SLURM_PROCID", 0, ranks.size - 1, size);
  ranks.local_rank = number(variables, "SLURM_LOCALID", 0, ranks.rank, "SLURM_PROCID");
  const std::optional<std::string> nodes = variables("SLURM_STEP_NODELIST");
  if (!nodes) throw ConfigError("SLURM_PROCID is set and SLURM_STEP_NODELIST is not: start the ranks with srun");
  ranks.address = variables("MASTER_ADDR").value_or(first_host(*nodes));
  const std::int64_t job = number(variables, "SLURM_JOB_ID", 0, std::int64_t{1} << 40, "SLURM_PROCID");
  const std::int64_t step =
      variables("SLURM_STEP_ID") ? number(variables, "SLURM_STEP_ID", 0, std::int64_t{1} << 40, "SLURM_PROCID") : 0;
  const std::int64_t restart = variables("SLURM_RESTART_COUNT")
                                   ? number(variables, "SLURM_RESTART_COUNT", 0, 1 << 20, "SLURM_PROCID")
                                   : std::int64_t{0};
  ranks.port = variables("MASTER_PORT")
                   ? static_cast<std::uint16_t>(number(variables, "MASTER_PORT", 1, 65535, "SLURM_PROCID"))
                   : port_of(job, step, restart);
  ranks.attempt = fmt::format("{}.{}.{}", job, step, restart);
  ranks.origin = "Slurm";
  return ranks;
}

/// What an mpirun calls the numbers of its processes.
struct MpiNames {
  const char* rank;
  const char* size;
  const char* local_rank;
  const char* local_size;
  const char* origin;
};
constexpr MpiNames kMpis[] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
                               "OMPI_COMM_WORLD_LOCAL_SIZE", "mpirun (Open MPI)"},
                              {"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS", "mpirun (MPICH)"}};

/// The ranks of an mpirun, which tells them their numbers but not where they meet: on one host that is known, on
/// several MASTER_ADDR says it.
RankEnvironment mpi_ranks(const Variables& variables, const MpiNames& names) {
  RankEnvironment ranks;
  ranks.size = number(variables, names.size, 1, kMostRanks, names.rank);
  ranks.rank = number(variables, names.rank, 0, ranks.size - 1, names.size);
  ranks.local_rank = number(variables, names.local_rank, 0, ranks.rank, names.rank);
  const std::int64_t local = number(variables, names.local_size, 1, ranks.size, names.rank);
  const std::optional<std::string> address = variables("MASTER_ADDR");
  if (!address && local < ranks.size)
    throw ConfigError(
        fmt::format("{} started processes on several hosts, which do not know where to meet: name the first host with "
                    "'mpirun -x MASTER_ADDR=HOST -x MASTER_PORT=29500 …' (MPICH: -env MASTER_ADDR HOST)",
                    names.origin));
  ranks.address = address.value_or("127.0.0.1");
  // Two runs on a host have different names.
  const std::string run = variables("PMIX_NAMESPACE").value_or(variables("OMPI_MCA_ess_base_jobid").value_or("0"));
  ranks.port = variables("MASTER_PORT")
                   ? static_cast<std::uint16_t>(number(variables, "MASTER_PORT", 1, 65535, names.rank))
                   : port_of(static_cast<std::int64_t>(std::hash<std::string>{}(run) % 100'000), 0, 0);
  ranks.attempt = run;
  ranks.origin = names.origin;
  return ranks;
}

}  // namespace

std::optional<std::string> process_variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

std::string first_host(std::string_view node_list) {
  const std::size_t end = node_list.find_first_of(",[");
  std::string host(node_list.substr(0, end));
  if (end != std::string_view::npos && node_list[end] == '[') {
    const std::size_t close = node_list.find(']', end);
    if (close == std::string_view::npos)
      throw ConfigError(fmt::format("SLURM_STEP_NODELIST={} is not a list of hosts", node_list));
    host += node_list.substr(end + 1, node_list.find_first_of(",-]", end) - end - 1);
    // What follows the bracket belongs to the name: "rack[1-2]-node" is rack1-node.
    const std::size_t comma = std::min(node_list.find(',', close), node_list.size());
    host += node_list.substr(close + 1, comma - close - 1);
  }
  if (host.empty() || host.find_first_of("[] ") != std::string::npos)
    throw ConfigError(fmt::format("SLURM_STEP_NODELIST={} is not a list of hosts", node_list));
  return host;
}

std::optional<RankEnvironment> find_ranks(const Variables& variables) {
  if (variables("RANK") || variables("WORLD_SIZE")) return plain_ranks(variables);
  for (const MpiNames& names : kMpis)
    if (variables(names.rank) && variables(names.size).value_or("1") != "1") return mpi_ranks(variables, names);
  // A batch script has SLURM_NTASKS too; only srun tells a task which one it is. The shell of an interactive salloc is
  // a step of one task in a job of several.
  const std::optional<std::string> tasks = variables("SLURM_STEP_NUM_TASKS");
  if (variables("SLURM_PROCID") && variables("SLURM_STEP_ID") &&
      (tasks ? *tasks : variables("SLURM_NTASKS").value_or("1")) != "1")
    return slurm_ranks(variables);
  return std::nullopt;
}

}  // namespace talweg::distributed
