// Every rank runs every test, in the same order; a test fails when it fails on one of them.
#include <gtest/gtest.h>

#include <cstdio>

#include "core/libtorch.h"
#include "distributed/ranks.h"
#include "tasks/register.h"

namespace talweg::testing {
namespace {
std::unique_ptr<distributed::ProcessGroup> group;
}

distributed::ProcessGroup& ranks() {
  return *group;
}

}  // namespace talweg::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
  const auto environment = talweg::distributed::find_ranks();
  if (!environment) {
    std::puts("start this program with tests/distributed/launch.py");
    return 2;
  }
  at::set_num_threads(1);
  talweg::tasks::register_components();
  talweg::distributed::DistributedOptions options;
  options.timeout = 60;
  talweg::testing::group = std::make_unique<talweg::distributed::ProcessGroup>(*environment, options, at::kCPU);
  const int result = RUN_ALL_TESTS();
  talweg::testing::group->barrier();  // rank 0 keeps the store until all are done
  talweg::testing::group.reset();
  return result;
}
