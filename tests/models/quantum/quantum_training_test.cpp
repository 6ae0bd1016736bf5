// What the ring ansatz learns when it is trained on the signs of a smoothed random walk. Sources: dossier of Mourya et
// al. 2025, sections 4 and 5.
#include <ATen/Parallel.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>

#include "core/libtorch.h"
#include "models/quantum/ansatz.h"
#include "models/quantum/simulator.h"

namespace talweg::models::quantum {
namespace {

/// Joint distribution of four signs of sums of five normal increments, windows one apart.
at::Tensor smoothed_walk() {
  std::vector<double> p = {.26349, .06032, .01921, .05463, .01919, .00942, .01355, .06027};
  for (std::size_t i = 8; i-- > 0;) p.push_back(p[i]);
  const at::Tensor joint = at::tensor(p, at::kDouble);
  return joint / joint.sum();
}

TEST(QuantumTraining, TheJointDistributionIsLearntAndTheContextsAreNot) {
  const std::int64_t seeds = 10;
  const at::Tensor joint = smoothed_walk(), p = joint.view({8, 2}), context = p.sum(1);
  const at::Tensor target = joint.sqrt().to(at::kComplexDouble).unsqueeze(0);
  const at::Tensor in = at::stack({context, at::zeros({8}, at::kDouble)}, 1).flatten().sqrt().to(at::kComplexDouble);
  const Simulator ring(ring_ansatz(4, 4));
  torch::manual_seed(1);
  at::Tensor angles = (at::rand({seeds, 32}, at::kDouble) * 2 * std::numbers::pi).requires_grad_();
  at::Tensor mean = at::zeros({seeds, 32}, at::kDouble), square = at::zeros({seeds, 32}, at::kDouble);
  for (int step = 1; step <= 1000; ++step) {
    (1 - fidelity(target, ring(angles, in))).sum().backward();
    const torch::NoGradGuard no_grad;
    const at::Tensor g = angles.grad();
    mean.lerp_(g, 0.1), square.lerp_(g.square(), 0.001);
    angles.sub_(0.05 * (mean / (1 - std::pow(0.9, step))) / ((square / (1 - std::pow(0.999, step))).sqrt() + 1e-8));
    angles.mutable_grad() = at::Tensor();
  }
  const torch::NoGradGuard no_grad;
  const at::Tensor kl = (joint * (joint.log() - probabilities(ring(angles, in)).log())).sum(1);
  EXPECT_LT(kl.median().item<double>(), 1e-5);
  EXPECT_LT(kl.max().item<double>(), 1e-3);

  at::Tensor basis = at::zeros({8, 16}, at::kComplexDouble), wanted = basis.clone();
  for (std::int64_t x = 0; x < 8; ++x) {
    basis[x][2 * x] = 1;
    wanted[x].slice(0, 2 * x, 2 * x + 2) = (p[x] / context[x]).sqrt().to(at::kComplexDouble);
  }
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    const at::Tensor of_contexts = (context * fidelity(wanted, ring(angles[seed], basis))).sum();
    EXPECT_LT(of_contexts.item<double>(), 0.3) << seed;
    EXPECT_GT(fidelity(target, ring(angles[seed], in)).item<double>(), 0.999) << seed;
  }
}

TEST(QuantumThreads, ChangeNothing) {
  const Circuit circuit = ring_ansatz(14, 2);
  const at::Tensor angles = at::arange(56, at::kDouble) * 0.1;
  const int before = at::get_num_threads();
  std::vector<at::Tensor> gradients;
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    gradients.push_back(
        value_and_gradient(Program(circuit), angles, at::kComplexDouble, {{"Z" + std::string(13, 'I'), 1}}).gradient);
  }
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(gradients[0], gradients[1]));
}

/// Peak of what is allocated while a callback runs, beyond what was there before.
class PeakMemory : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, std::int64_t size, std::size_t, std::size_t, c10::Device) override {
    now_ += size;
    peak_ = std::max(peak_, now_);
  }
  bool memoryProfilingEnabled() const override { return true; }
  std::int64_t peak() const { return peak_; }

 private:
  std::int64_t now_ = 0, peak_ = 0;
};

TEST(QuantumMemory, OfAGradientDoesNotGrowWithDepth) {
  const std::int64_t qubits = 16;
  const at::Tensor target = at::zeros({1, std::int64_t{1} << qubits}, at::kComplexDouble);
  target.select(1, 3).fill_(1);
  std::vector<double> states;
  for (const std::int64_t layers : {4, 40}) {
    const Simulator ring(ring_ansatz(qubits, layers));
    const at::Tensor angles = at::rand({2 * qubits * layers}, at::kDouble).requires_grad_();
    const auto memory = std::make_shared<PeakMemory>();
    {
      const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, memory);
      fidelity(target, ring(angles)).sum().backward();
    }
    states.push_back(static_cast<double>(memory->peak()) / static_cast<double>(16 << qubits));
  }
  EXPECT_LT(states[1], states[0] + 0.1) << "2560 gates in place of 256";
  EXPECT_LT(states[0], 6);
}

}  // namespace
}  // namespace talweg::models::quantum
