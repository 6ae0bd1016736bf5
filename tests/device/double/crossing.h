#pragma once

#include <ATen/core/Tensor.h>

#include <unordered_map>
#include <utility>
#include <vector>

namespace talweg::device_double {

/// What one operator's tensors on the double are on the host, while its kernel for the CPU computes: the same memory,
/// the same sizes and strides, and one tensor where there was one.
class Crossing {
 public:
  at::Tensor to_host(const at::Tensor& tensor);
  c10::Storage to_host(const c10::Storage& storage);
  /// A result of the kernel on the double: the argument that it is, a view into an argument, or new memory.
  at::Tensor to_device(const at::Tensor& result, c10::DeviceIndex device);
  /// Gives the tensors of the double the sizes and memory that the kernel has given theirs.
  void settle();

 private:
  c10::Storage storage_on_device(const c10::Storage& host, c10::DeviceIndex device);

  std::vector<std::pair<at::Tensor, at::Tensor>> tensors_;       // on the double, on the host
  std::vector<std::pair<c10::Storage, c10::Storage>> storages_;  // likewise
};

}  // namespace talweg::device_double
