#include "core/device/out_of_memory.h"

#include <gtest/gtest.h>

#include <new>

#include "core/libtorch.h"

namespace talweg {
namespace {

TEST(OutOfMemoryError, IsKnownByItsTypeOrByWhatItSays) {
  EXPECT_TRUE(is_out_of_memory(std::bad_alloc()));
  try {
    at::empty({std::int64_t{1} << 48});
    FAIL() << "a petabyte was found";
  } catch (const std::exception& error) {
    EXPECT_TRUE(is_out_of_memory(error)) << error.what();
  }
  try {
    TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA: tried to allocate 2 GiB");
  } catch (const std::exception& error) {
    EXPECT_TRUE(is_out_of_memory(error));
  }
}

TEST(OutOfMemoryError, OtherErrorsAreNone) {
  try {
    at::ones({2}).add(at::ones({3}));
    FAIL() << "sizes that do not fit were added";
  } catch (const std::exception& error) {
    EXPECT_FALSE(is_out_of_memory(error)) << error.what();
  }
  EXPECT_FALSE(is_out_of_memory(std::runtime_error("out of memory")));
}

}  // namespace
}  // namespace talweg
