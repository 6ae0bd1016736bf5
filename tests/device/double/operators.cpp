#include "device/double/operators.h"

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/native/DispatchStub.h>
#include <ATen/native/transformers/attention.h>
#include <ATen/native/transformers/sdp_utils_cpp.h>
#include <c10/core/DeviceGuard.h>
#include <torch/library.h>

#include <optional>
#include <set>
#include <string>

#include "device/double/crossing.h"
#include "device/double/generator.h"
#include "device/double/memory.h"
#include "device/double/waits.h"

namespace talweg::device_double {
namespace {

bool on_double(const at::Tensor& tensor) {
  return tensor.device().type() == c10::kPrivateUse1;
}

/// The name of an operator without its variant.
std::string plain_name(const c10::OperatorHandle& op) {
  return op.schema().name().substr(op.schema().name().find("::") + 2);
}

/// Operators whose result has a size that depends on numbers, or which read an answer of the solver that they call: on
/// CUDA the host waits for them.
bool always_waits(const std::string& name) {
  static const std::set<std::string> names = {
      "nonzero",     "masked_select",          "unique_dim",  "unique_consecutive", "_unique",
      "_unique2",    "unique_dim_consecutive", "equal",       "bincount",           "multinomial",
      "histogram",   "_linalg_eigh",           "_linalg_svd", "linalg_eig",         "_linalg_eigvals",
      "linalg_lstsq"};
  return names.contains(name);
}

/// One operator's way through the host.
class Call {
 public:
  Call(const c10::OperatorHandle& op, torch::jit::Stack& stack) : op_(op), stack_(stack), name_(plain_name(op)) {}

  void run() {
    const at::AutoDispatchBelowAutograd below;
    const std::size_t count = op_.schema().arguments().size();
    const std::size_t begin = stack_.size() - count;
    find_device(begin, count);
    for (std::size_t i = 0; i < count; ++i) to_host(stack_[begin + i], op_.schema().arguments()[i]);
    if (always_waits(name_)) Waits::add(name_);
    op_.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), &stack_);
    crossing_.settle();
    const std::size_t results = op_.schema().returns().size();
    for (std::size_t i = stack_.size() - results; i < stack_.size(); ++i) to_device(stack_[i]);
  }

 private:
  void find_device(std::size_t begin, std::size_t count) {
    for (std::size_t i = begin; i < begin + count && !device_; ++i) {
      const c10::IValue& value = stack_[i];
      if (value.isTensor() && value.toTensor().defined() && on_double(value.toTensor()))
        device_ = value.toTensor().device();
      if (value.isTensorList())
        for (const at::Tensor& tensor : value.toTensorVector())
          if (tensor.defined() && on_double(tensor)) device_ = tensor.device();
      if (value.isDevice()) device_ = value.toDevice();
    }
    if (!device_ || !device_->has_index()) device_ = c10::Device(c10::kPrivateUse1, current_device());
  }

  at::Tensor to_host(const at::Tensor& tensor, bool index = false) {
    if (!tensor.defined()) return tensor;
    if (on_double(tensor)) {
      TORCH_CHECK(tensor.device() == *device_,
                  "Expected all tensors to be on the same device, but found at least two, ", *device_, " and ",
                  tensor.device(), ", in ", name_);
      if (index && (tensor.scalar_type() == at::kBool || tensor.scalar_type() == at::kByte))
        Waits::add(name_ + " by a mask");
      return crossing_.to_host(tensor);
    }
    // As CUDA: scalars of the host are arguments of a kernel, places of an index are fetched.
    TORCH_CHECK(tensor.dim() == 0 || index, "Expected all tensors to be on the same device, but found at least two, ",
                *device_, " and ", tensor.device(), ", in ", name_);
    if (index && tensor.dim() > 0) Waits::add(name_ + " by places on the host");
    from_host_.insert(tensor.unsafeGetTensorImpl());
    return tensor;
  }

  void to_host(c10::IValue& value, const c10::Argument& argument) {
    if (value.isTensor()) {
      value = to_host(value.toTensor());
    } else if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(to_host(tensor));
      value = list;
    } else if (value.isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> list;
      for (const std::optional<at::Tensor>& tensor : value.toOptionalTensorVector())
        list.push_back(tensor ? std::optional(to_host(*tensor, /*index=*/true)) : std::nullopt);
      value = list;
    } else if (value.isStorage()) {
      value = crossing_.to_host(value.toStorage());
    } else if (value.isDevice()) {
      value = c10::Device(c10::kCPU);
    } else if (value.isGenerator()) {
      value = on_host(value.toGenerator());
    } else if (value.isNone() && argument.type()->str() == "Generator?") {
      value = on_host(default_generator(device_->index()));
    }
  }

  at::Tensor to_device(const at::Tensor& result) {
    if (!result.defined() || from_host_.contains(result.unsafeGetTensorImpl())) return result;
    return crossing_.to_device(result, device_->index());
  }

  void to_device(c10::IValue& value) {
    if (value.isTensor()) {
      value = to_device(value.toTensor());
    } else if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(to_device(tensor));
      value = list;
    }
  }

  const c10::OperatorHandle& op_;
  torch::jit::Stack& stack_;
  const std::string name_;
  std::optional<c10::Device> device_;
  Crossing crossing_;
  std::set<const c10::TensorImpl*> from_host_;
};

void call_on_host(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  Call(op, *stack).run();
}

at::ScalarType type_or_default(std::optional<at::ScalarType> type) {
  return type.value_or(c10::get_default_dtype_as_scalartype());
}

at::Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> type, std::optional<at::Layout>,
                 std::optional<at::Device> device, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  const c10::OptionalDeviceGuard guard(device);
  return at::detail::empty_generic(size, &Memory::instance(), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   type_or_default(type), format);
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> type,
                         std::optional<at::Layout>, std::optional<at::Device> device, std::optional<bool>) {
  const c10::OptionalDeviceGuard guard(device);
  return at::detail::empty_strided_generic(size, stride, &Memory::instance(),
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), type_or_default(type));
}

/// Copies to the host wait, unless they go to page-locked memory and the caller says that it will wait itself; copies
/// from the host wait for it to be read.
void count_copy(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
  const auto asynchronous = [&](const at::Tensor& host) {
    return non_blocking && PinnedMemory::instance().holds(host.const_data_ptr());
  };
  if (!on_double(to) && !asynchronous(to)) Waits::add("copy to the host");
  if (!on_double(from) && !asynchronous(from)) Waits::add("copy from the host");
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
  const at::AutoDispatchBelowAutograd below;
  if (from.numel() > 0) count_copy(from, to, non_blocking);
  Crossing crossing;
  at::Tensor host_to = on_double(to) ? crossing.to_host(to) : to;
  host_to.copy_(on_double(from) ? crossing.to_host(from) : from);
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  to.resize_(from.sizes());
  return copy_from(from, to, false);
}

at::Scalar local_scalar_dense(const at::Tensor& tensor) {
  const at::AutoDispatchBelowAutograd below;
  Waits::add("item");
  return at::_local_scalar_dense(Crossing().to_host(tensor));
}

/// The way of attention is chosen as on the CPU, so that results are the CPU's.
std::int64_t choose_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                              const std::optional<at::Tensor>& mask, double dropout, bool causal,
                              std::optional<double> scale, bool grouped) {
  const at::AutoDispatchBelowAutograd below;
  Crossing crossing;
  const auto host = [&](const at::Tensor& tensor) { return crossing.to_host(tensor); };
  const std::optional<at::Tensor> own_mask = mask && mask->defined() ? std::optional(host(*mask)) : mask;
  return at::_fused_sdp_choice(host(query), host(key), host(value), own_mask, dropout, causal, scale, grouped);
}

/// LibTorch's modules move to a device by set_data(), which refuses other makers' devices for the sake of Python.
bool may_become(const at::Tensor&, const at::Tensor&) {
  return true;
}

}  // namespace

void register_operators() {
  const auto boxed = [] { return torch::CppFunction::makeFromBoxedFunction<&call_on_host>(); };
  static auto* any = new torch::Library(torch::Library::IMPL, "_", c10::DispatchKey::PrivateUse1, __FILE__, __LINE__);
  any->fallback(boxed());
  static auto* aten =
      new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::PrivateUse1, __FILE__, __LINE__);
  aten->impl("empty.memory_format", empty);
  aten->impl("empty_strided", empty_strided);
  aten->impl("_copy_from", copy_from);
  aten->impl("_copy_from_and_resize", copy_from_and_resize);
  aten->impl("_local_scalar_dense", local_scalar_dense);
  static auto* cpu = new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::CPU, __FILE__, __LINE__);
  cpu->impl("_has_compatible_shallow_copy_type", may_become);
  aten->impl("_has_compatible_shallow_copy_type", may_become);
  // Copies see to conjugates and signs themselves; LibTorch's general way would copy to do so.
  for (const c10::DispatchKey key : {c10::DispatchKey::Conjugate, c10::DispatchKey::Negative}) {
    auto* lazy = new torch::Library(torch::Library::IMPL, "aten", key, __FILE__, __LINE__);
    lazy->impl("_copy_from", torch::CppFunction::makeFallthrough());
  }
  // Made of other operators, chosen by the device.
  aten->impl("convolution", boxed());
  aten->impl("convolution_backward", boxed());
  c10::Dispatcher& dispatcher = c10::Dispatcher::singleton();
  for (const c10::OperatorName& name : dispatcher.getAllOpNames()) {
    if (name.getNamespace() != "aten") continue;
    const auto op = dispatcher.findSchema(name);
    if (!op || !op->hasKernelForDispatchKey(c10::DispatchKey::CPU) ||
        op->hasKernelForDispatchKey(c10::DispatchKey::PrivateUse1))
      continue;
    const std::string full = name.name.substr(name.name.find("::") + 2);
    aten->impl((name.overload_name.empty() ? full : full + "." + name.overload_name).c_str(), boxed());
  }
}

}  // namespace talweg::device_double

namespace at::native {
// LibTorch's registration looks for its names here.
REGISTER_PRIVATEUSE1_DISPATCH(_fused_sdp_choice_stub, &talweg::device_double::choose_attention)
}  // namespace at::native
