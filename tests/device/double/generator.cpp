#include "device/double/generator.h"

#include <ATen/CPUGeneratorImpl.h>

#include <array>

#include "device/double/memory.h"

namespace talweg::device_double {
namespace {

class GeneratorOfDouble final : public c10::GeneratorImpl {
 public:
  GeneratorOfDouble(c10::DeviceIndex device, at::Generator host)
      : GeneratorImpl(c10::Device(c10::kPrivateUse1, device), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1)),
        host_(std::move(host)) {}

  void set_current_seed(std::uint64_t seed) override { host_.set_current_seed(seed); }
  void set_offset(std::uint64_t offset) override { host_.set_offset(offset); }
  std::uint64_t get_offset() const override { return host_.get_offset(); }
  std::uint64_t current_seed() const override { return host_.current_seed(); }
  std::uint64_t seed() override { return host_.seed(); }
  void set_state(const c10::TensorImpl& state) override { host_.unsafeGetGeneratorImpl()->set_state(state); }
  c10::intrusive_ptr<c10::TensorImpl> get_state() const override { return host_.unsafeGetGeneratorImpl()->get_state(); }
  const at::Generator& host() const { return host_; }

 private:
  GeneratorOfDouble* clone_impl() const override { return new GeneratorOfDouble(device().index(), host_.clone()); }

  at::Generator host_;
};

}  // namespace

at::Generator new_generator(c10::DeviceIndex device) {
  return at::make_generator<GeneratorOfDouble>(device, at::detail::createCPUGenerator());
}

at::Generator& default_generator(c10::DeviceIndex device) {
  static auto* own = new std::array<at::Generator, kDevices>{new_generator(0), new_generator(1)};
  return own->at(static_cast<std::size_t>(device < 0 ? current_device() : device));
}

at::Generator on_host(const at::Generator& generator) {
  const auto* own = dynamic_cast<GeneratorOfDouble*>(generator.unsafeGetGeneratorImpl());
  TORCH_CHECK(own, "expected a generator of the device double, found one of ", generator.device());
  return own->host();
}

}  // namespace talweg::device_double
