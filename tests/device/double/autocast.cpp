#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <torch/library.h>

#include "device/double/operators.h"

namespace talweg::device_double {

void register_autocast() {
  static auto* any =
      new torch::Library(torch::Library::IMPL, "_", c10::DispatchKey::AutocastPrivateUse1, __FILE__, __LINE__);
  any->fallback(torch::CppFunction::makeFallthrough());
  static auto* aten =
      new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::AutocastPrivateUse1, __FILE__, __LINE__);
  auto& m = *aten;  // the name that LibTorch's macros use
#define TALWEG_LOWER(...) KERNEL_PRIVATEUSEONE(__VA_ARGS__, lower_precision_fp)
#define TALWEG_FLOAT32(...) KERNEL_PRIVATEUSEONE(__VA_ARGS__, fp32)
#define TALWEG_SUM(...) KERNEL_PRIVATEUSEONE(__VA_ARGS__, fp32_set_opt_dtype)
#define TALWEG_PROMOTE(...) KERNEL_PRIVATEUSEONE(__VA_ARGS__, promote)
  AT_FORALL_LOWER_PRECISION_FP(TALWEG_LOWER)
  AT_FORALL_FP32(TALWEG_FLOAT32)
  AT_FORALL_FP32_SET_OPT_DTYPE(TALWEG_SUM)
  AT_FORALL_PROMOTE(TALWEG_PROMOTE)
#undef TALWEG_LOWER
#undef TALWEG_FLOAT32
#undef TALWEG_SUM
#undef TALWEG_PROMOTE
}

}  // namespace talweg::device_double
