#include "core/distributed/backends.h"

#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO
#endif
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "core/error.h"

namespace talweg::distributed {

c10::intrusive_ptr<c10d::Backend> make_gloo_backend(const BackendPlan& plan) {
  auto options = c10d::ProcessGroupGloo::Options::create(plan.timeout);
  const bool alone = plan.address == "127.0.0.1" || plan.address == "localhost" || plan.address == "::1";
  options->devices.push_back(plan.interface ? c10d::ProcessGroupGloo::createDeviceForInterface(*plan.interface)
                             : alone        ? c10d::ProcessGroupGloo::createDeviceForHostname(plan.address)
                                            : c10d::ProcessGroupGloo::createDefaultDevice());
  options->threads = 2;
  return c10::make_intrusive<c10d::ProcessGroupGloo>(c10::make_intrusive<c10d::PrefixStore>("gloo", plan.store),
                                                     plan.rank, plan.size, options);
}

#ifndef TALWEG_WITH_CUDA
c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const BackendPlan&, at::Device) {
  throw ConfigError("distributed.backend: this build has no NCCL; build with TALWEG_CUDA=1, or use 'gloo'");
}
#endif

}  // namespace talweg::distributed
