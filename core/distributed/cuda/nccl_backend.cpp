#ifndef USE_C10D_NCCL
#define USE_C10D_NCCL
#endif
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "core/distributed/backends.h"

namespace talweg::distributed {

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const BackendPlan& plan, at::Device device) {
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = plan.timeout;
  auto backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(c10::make_intrusive<c10d::PrefixStore>("nccl", plan.store),
                                                             plan.rank, plan.size, options);
  backend->setBoundDeviceId(device);
  return backend;
}

}  // namespace talweg::distributed
