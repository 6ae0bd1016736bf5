#include "core/random/seeded_normals.h"

#include <gtest/gtest.h>

#include "core/libtorch.h"

namespace talweg {
namespace {

TEST(SeededNormals, DisplaceInOnePassAsInTwo) {
  const at::TensorOptions single = at::kFloat;
  for (const at::TensorOptions& type : {single, single.dtype(at::kDouble), single.dtype(at::kBFloat16)}) {
    const at::Tensor base = at::linspace(-1, 1, 1003, type), normal = at::empty_like(base), to = at::empty_like(base);
    fill_with_seeded_normals(normal, 11);
    place_seeded_normals(base, 0.25, 11, to);
    EXPECT_TRUE(at::allclose(to, base + 0.25 * normal, 1e-6, 1e-6)) << type.dtype();
    const at::Tensor in_place = base.clone();
    place_seeded_normals(in_place, 0.25, 11, in_place);
    EXPECT_TRUE(at::equal(in_place, to)) << type.dtype();
    fill_with_seeded_normals(to, 11, 0.25);
    EXPECT_TRUE(at::allclose(to, 0.25 * normal, 1e-6, 1e-6)) << type.dtype();
  }
}

TEST(SeededNormals, LeaveLibTorchsGeneratorsAloneAndCountAsAChange) {
  torch::manual_seed(1);
  const at::Tensor expected = at::rand({4});
  torch::manual_seed(1);
  const at::Tensor tensor = at::zeros({100});
  const std::uint64_t version = tensor._version();
  fill_with_seeded_normals(tensor, 3);
  EXPECT_GT(tensor._version(), version);
  EXPECT_TRUE(at::equal(at::rand({4}), expected));
  // A view that is not contiguous is filled, too, and nothing beside it.
  const at::Tensor whole = at::zeros({10, 10});
  fill_with_seeded_normals(whole.narrow(1, 0, 5), 3);
  EXPECT_EQ(whole.count_nonzero().item<std::int64_t>(), 50);
}

TEST(SeededNormals, AreTheSameOnAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  const at::Tensor one = at::empty({300'001}), two = at::empty({300'001});
  at::set_num_threads(1);
  fill_with_seeded_normals(one, 9);
  at::set_num_threads(2);
  fill_with_seeded_normals(two, 9);
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(one, two));
}

}  // namespace
}  // namespace talweg
