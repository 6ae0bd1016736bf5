#include "device/double/crossing.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/StorageImpl.h>
#include <c10/core/TensorImpl.h>

#include "device/double/memory.h"

namespace talweg::device_double {
namespace {

/// A tensor of another device over other memory, with all else of the first's.
at::Tensor same_over(const at::Tensor& tensor, c10::Storage storage, c10::DispatchKey device) {
  auto impl = c10::make_intrusive<c10::TensorImpl>(std::move(storage), c10::DispatchKeySet(device), tensor.dtype());
  impl->set_sizes_and_strides(tensor.sizes(), tensor.strides(), tensor.storage_offset());
  at::Tensor made(std::move(impl));
  if (tensor.is_conj()) made._set_conj(true);
  if (tensor.is_neg()) made._set_neg(true);
  return made;
}

bool same_memory(const c10::Storage& a, const c10::Storage& b) {
  return a.unsafeGetStorageImpl() == b.unsafeGetStorageImpl();
}

}  // namespace

c10::Storage Crossing::to_host(const c10::Storage& storage) {
  for (const auto& [device, host] : storages_)
    if (same_memory(device, storage)) return host;
  auto* owner = new c10::Storage(storage);
  c10::DataPtr data(
      Memory::host_address(storage.data()), owner, [](void* own) { delete static_cast<c10::Storage*>(own); },
      c10::kCPU);
  c10::Storage host(c10::Storage::use_byte_size_t(), storage.nbytes(), std::move(data), c10::GetCPUAllocator(),
                    /*resizable=*/true);
  storages_.emplace_back(storage, host);
  return host;
}

at::Tensor Crossing::to_host(const at::Tensor& tensor) {
  for (const auto& [device, host] : tensors_)
    if (device.is_same(tensor)) return host;
  at::Tensor host = same_over(tensor, to_host(tensor.storage()), c10::DispatchKey::CPU);
  tensors_.emplace_back(tensor, host);
  return host;
}

c10::Storage Crossing::storage_on_device(const c10::Storage& host, c10::DeviceIndex device) {
  for (const auto& [known, own] : storages_)
    if (same_memory(own, host)) return known;
  auto* owner = new c10::Storage(host);
  c10::DataPtr data(
      host.mutable_data(), owner, [](void* own) { delete static_cast<c10::Storage*>(own); }, c10::kCPU);
  c10::Storage made(c10::Storage::use_byte_size_t(), host.nbytes(),
                    Memory::instance().adopt(std::move(data), host.nbytes(), device), &Memory::instance(),
                    /*resizable=*/true);
  storages_.emplace_back(made, host);
  return made;
}

at::Tensor Crossing::to_device(const at::Tensor& result, c10::DeviceIndex device) {
  for (const auto& [known, host] : tensors_)
    if (host.is_same(result)) return known;
  at::Tensor made = same_over(result, storage_on_device(result.storage(), device), c10::DispatchKey::PrivateUse1);
  tensors_.emplace_back(made, result);
  return made;
}

void Crossing::settle() {
  for (auto& [device, host] : storages_) {  // a kernel that resized gave its storage new memory
    if (Memory::host_address(device.data()) == host.data() && device.nbytes() == host.nbytes()) continue;
    const std::size_t bytes = host.nbytes();
    c10::StorageImpl& impl = *device.unsafeGetStorageImpl();
    impl.set_data_ptr_noswap(
        Memory::instance().adopt(host.set_data_ptr(c10::DataPtr(nullptr, c10::kCPU)), bytes, device.device().index()));
    impl.set_nbytes(bytes);
  }
  const auto changed = [](const at::Tensor& a, const at::Tensor& b) {
    return a.sizes() != b.sizes() || a.strides() != b.strides() || a.storage_offset() != b.storage_offset();
  };
  for (auto& [device, host] : tensors_) {
    c10::TensorImpl& impl = *device.unsafeGetTensorImpl();
    const c10::Storage storage = storage_on_device(host.storage(), device.device().index());
    if (!same_memory(storage, device.storage())) impl.set_storage_keep_dtype(storage);
    if (changed(device, host)) impl.set_sizes_and_strides(host.sizes(), host.strides(), host.storage_offset());
  }
}

}  // namespace talweg::device_double
