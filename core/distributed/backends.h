#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace talweg::distributed {

/// Ingredients of a back-end of c10d.
struct BackendPlan {
  c10::intrusive_ptr<c10d::Store> store;
  int rank, size;
  std::chrono::milliseconds timeout;
  std::string address;                   ///< of rank 0
  std::optional<std::string> interface;  ///< network interface
};

/// Throws whatever Gloo throws when the ranks cannot connect.
c10::intrusive_ptr<c10d::Backend> make_gloo_backend(const BackendPlan& plan);
/// Throws ConfigError in a build without CUDA.
c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const BackendPlan& plan, at::Device device);

}  // namespace talweg::distributed
