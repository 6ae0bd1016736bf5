// On a GPU: the same mathematics, a state that moves between devices, and no wait of the host in a refresh.
#include <gtest/gtest.h>

#include "core/linalg/range_finder.h"
#include "host_reads.h"
#include "optim/low_rank_problem.h"

namespace talweg::optim {
namespace {

class OnGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "there is no GPU";
  }
};

struct Problem {
  explicit Problem(at::Device device) {
    const at::Tensor target = seeded({12, 16}, 2).to(at::kFloat).to(device);
    weight = at::zeros({12, 16}, at::TensorOptions(device)).requires_grad_(true);
    objective = std::make_unique<FunctionObjective>(
        std::vector<at::Tensor>{weight},
        [target](const std::vector<at::Tensor>& p) { return 0.5 * (p[0] - target).square().sum(); });
  }
  at::Tensor weight;
  std::unique_ptr<FunctionObjective> objective;
};

TEST_F(OnGpu, StepsAreThoseOfTheCpuAndAStateMovesBetweenDevices) {
  LorenzaOptions o = small_lorenza(3, 7);
  o.low_rank.subspace.method = BasisMethod::exact_svd;  // sketches are drawn by each device's own generator
  o.refresh_from = RefreshFrom::previous;
  Problem cpu(at::kCPU), gpu(at::kCUDA);
  Lorenza on_cpu(std::vector<at::Tensor>{cpu.weight}, o), on_gpu(std::vector<at::Tensor>{gpu.weight}, o);
  for (int t = 0; t < 20; ++t) {
    on_cpu.step(*cpu.objective);
    on_gpu.step(*gpu.objective);
  }
  EXPECT_LT((gpu.weight.cpu() - cpu.weight).abs().max().item<double>(), 1e-3);
  Problem back(at::kCPU);
  Lorenza moved(std::vector<at::Tensor>{back.weight}, o);
  moved.load_state_dict(on_gpu.state_dict());
  {
    torch::NoGradGuard no_grad;
    back.weight.copy_(gpu.weight);
  }
  moved.step(*back.objective);
  on_gpu.step(*gpu.objective);
  EXPECT_LT((gpu.weight.cpu() - back.weight).abs().max().item<double>(), 1e-3);
}

TEST_F(OnGpu, ResumesBitForBit) {
  const LorenzaOptions o = small_lorenza(3, 7);
  for (const int saved : {5, 7}) {
    Problem whole(at::kCUDA), part(at::kCUDA);
    Lorenza a(std::vector<at::Tensor>{whole.weight}, o), b(std::vector<at::Tensor>{part.weight}, o);
    for (int t = 0; t < saved; ++t) a.step(*whole.objective);
    b.load_state_dict(a.state_dict());
    {
      torch::NoGradGuard no_grad;
      part.weight.copy_(whole.weight);
    }
    for (int t = 0; t < 21; ++t) {
      a.step(*whole.objective);
      b.step(*part.objective);
    }
    EXPECT_TRUE(at::equal(whole.weight, part.weight));
  }
}

TEST_F(OnGpu, FindingABasisReadsNothing) {
  const at::Tensor a = seeded({64, 48}, 1).to(at::kFloat).cuda();
  at::Tensor sketch = at::empty({1, 48, 12}, a.options());
  fill_with_seeded_normals(sketch, 3);
  const HostReads reads;
  const linalg::SingularPairs pairs = linalg::randomized_pairs({a}, sketch, 8, 1);
  EXPECT_EQ(reads.count(), 0);
  const auto [u, s, vt] = at::linalg_svd(a.cpu(), false);
  EXPECT_NEAR(pairs.values[0][0].item<double>(), s[0].item<double>(), 0.02 * s[0].item<double>());
}

}  // namespace
}  // namespace talweg::optim
