#include "core/distributed/rank_environment.h"

#include <gtest/gtest.h>

#include <map>

#include "core/error.h"

namespace talweg::distributed {
namespace {

std::optional<RankEnvironment> ranks_of(const std::map<std::string, std::string>& environment) {
  return find_ranks([&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  });
}

std::string error_of(const std::map<std::string, std::string>& environment) {
  try {
    ranks_of(environment);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(RankEnvironment, AProcessOfItsOwnHasNone) {
  EXPECT_FALSE(ranks_of({}));
  // A batch script of Slurm, before srun; and a step of one task.
  EXPECT_FALSE(ranks_of({{"SLURM_JOB_ID", "7"}, {"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}}));
  EXPECT_FALSE(ranks_of({{"SLURM_STEP_ID", "0"}, {"SLURM_NTASKS", "1"}, {"SLURM_PROCID", "0"}}));
}

TEST(RankEnvironment, OfTorchrunHasTheAgentsStore) {
  const auto ranks = ranks_of({{"RANK", "5"},
                               {"WORLD_SIZE", "8"},
                               {"LOCAL_RANK", "1"},
                               {"MASTER_ADDR", "node-a"},
                               {"MASTER_PORT", "29400"},
                               {"TORCHELASTIC_RUN_ID", "x"},
                               {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                               {"TORCHELASTIC_RESTART_COUNT", "2"}});
  ASSERT_TRUE(ranks);
  EXPECT_EQ(ranks->rank, 5);
  EXPECT_EQ(ranks->size, 8);
  EXPECT_EQ(ranks->local_rank, 1);
  EXPECT_EQ(ranks->address, "node-a");
  EXPECT_EQ(ranks->port, 29400);
  EXPECT_TRUE(ranks->agent_store);
  EXPECT_EQ(ranks->attempt, "2") << "keys of a dead group are not read again";
  EXPECT_EQ(ranks->origin, "torchrun");
}

TEST(RankEnvironment, OfPlainVariablesIsKeptByRankZero) {
  const auto ranks =
      ranks_of({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "10.0.0.1"}, {"MASTER_PORT", "5000"}});
  ASSERT_TRUE(ranks);
  EXPECT_FALSE(ranks->agent_store);
  EXPECT_EQ(ranks->local_rank, 0);
}

TEST(RankEnvironment, OfSlurmAgreesOnHostAndPort) {
  std::map<std::string, std::string> environment = {{"SLURM_PROCID", "3"},   {"SLURM_NTASKS", "4"},
                                                    {"SLURM_LOCALID", "1"},  {"SLURM_STEP_NODELIST", "gpu[07-09,12]"},
                                                    {"SLURM_JOB_ID", "815"}, {"SLURM_STEP_ID", "0"}};
  const auto third = ranks_of(environment);
  ASSERT_TRUE(third);
  EXPECT_EQ(third->address, "gpu07");
  EXPECT_EQ(third->rank, 3);
  EXPECT_EQ(third->local_rank, 1);
  EXPECT_GE(third->port, 1024);
  environment["SLURM_PROCID"] = "0";
  environment["SLURM_LOCALID"] = "0";
  EXPECT_EQ(ranks_of(environment)->port, third->port);
  environment["SLURM_RESTART_COUNT"] = "1";
  EXPECT_NE(ranks_of(environment)->port, third->port) << "a requeued job does not meet its predecessor";
  environment["MASTER_PORT"] = "4711";
  EXPECT_EQ(ranks_of(environment)->port, 4711);
}

TEST(RankEnvironment, TheShellOfAnInteractiveAllocationIsAlone) {
  EXPECT_FALSE(ranks_of({{"SLURM_JOB_ID", "7"},
                         {"SLURM_NTASKS", "4"},
                         {"SLURM_PROCID", "0"},
                         {"SLURM_LOCALID", "0"},
                         {"SLURM_STEP_ID", "4294967290"},
                         {"SLURM_STEP_NUM_TASKS", "1"},
                         {"SLURM_STEP_NODELIST", "a"}}));
  const auto step = ranks_of({{"SLURM_JOB_ID", "7"},
                              {"SLURM_NTASKS", "8"},
                              {"SLURM_PROCID", "1"},
                              {"SLURM_LOCALID", "1"},
                              {"SLURM_STEP_ID", "0"},
                              {"SLURM_STEP_NUM_TASKS", "2"},
                              {"SLURM_STEP_NODELIST", "a"}});
  ASSERT_TRUE(step);
  EXPECT_EQ(step->size, 2) << "a step may have fewer tasks than its job";
}

TEST(RankEnvironment, OfMpirunMeetsOnItsHost) {
  std::map<std::string, std::string> environment = {{"OMPI_COMM_WORLD_RANK", "1"},
                                                    {"OMPI_COMM_WORLD_SIZE", "4"},
                                                    {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                                    {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"},
                                                    {"PMIX_NAMESPACE", "prterun-a-17@1"}};
  const auto ranks = ranks_of(environment);
  ASSERT_TRUE(ranks);
  EXPECT_EQ(ranks->rank, 1);
  EXPECT_EQ(ranks->size, 4);
  EXPECT_EQ(ranks->local_rank, 1);
  EXPECT_EQ(ranks->address, "127.0.0.1");
  EXPECT_GE(ranks->port, 1024);
  EXPECT_EQ(ranks->origin, "mpirun (Open MPI)");
  environment["PMIX_NAMESPACE"] = "prterun-a-18@1";
  EXPECT_NE(ranks_of(environment)->port, ranks->port) << "another run on the same host";
  environment["OMPI_COMM_WORLD_LOCAL_SIZE"] = "2";
  EXPECT_NE(error_of(environment).find("-x MASTER_ADDR=HOST"), std::string::npos);
  environment["MASTER_ADDR"] = "a";
  EXPECT_EQ(ranks_of(environment)->address, "a");
  const auto mpich =
      ranks_of({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}, {"MPI_LOCALRANKID", "0"}, {"MPI_LOCALNRANKS", "2"}});
  ASSERT_TRUE(mpich);
  EXPECT_EQ(mpich->size, 2);
  EXPECT_FALSE(ranks_of({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "1"}}));
}

TEST(RankEnvironment, OfOneRankInAGroupOfOneIsFine) {
  const auto ranks = ranks_of({{"RANK", "0"}, {"WORLD_SIZE", "1"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "1"}});
  ASSERT_TRUE(ranks);
  EXPECT_EQ(ranks->size, 1);
}

TEST(RankEnvironment, NamesTheVariableThatIsMissingOrWrong) {
  EXPECT_EQ(error_of({{"RANK", "0"}}), "RANK is set and WORLD_SIZE is not: a launcher sets both");
  EXPECT_EQ(error_of({{"WORLD_SIZE", "2"}}), "WORLD_SIZE is set and RANK is not: a launcher sets both");
  EXPECT_EQ(error_of({{"RANK", "2"}, {"WORLD_SIZE", "2"}}), "RANK=2 is not a number from 0 to 1");
  EXPECT_EQ(error_of({{"RANK", "0x"}, {"WORLD_SIZE", "2"}}), "RANK=0x is not a number from 0 to 1");
  EXPECT_EQ(error_of({{"RANK", "1"}, {"WORLD_SIZE", "2"}}), "RANK is set and MASTER_ADDR is not: a launcher sets both");
  EXPECT_EQ(error_of({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "99999"}}),
            "MASTER_PORT=99999 is not a number from 1 to 65535");
}

TEST(SlurmNodeList, BeginsWithItsFirstHost) {
  EXPECT_EQ(first_host("login"), "login");
  EXPECT_EQ(first_host("a,b"), "a");
  EXPECT_EQ(first_host("gpu[07-09,12],login"), "gpu07");
  EXPECT_EQ(first_host("gpu[3]"), "gpu3");
  EXPECT_EQ(first_host("rack[1-2]-node,x"), "rack1-node");
  EXPECT_THROW(first_host(""), ConfigError);
  EXPECT_THROW(first_host("gpu[1"), ConfigError);
}

}  // namespace
}  // namespace talweg::distributed
