#include "models/text/text_encoder.h"

#include "core/libtorch.h"

namespace talweg::models {

at::Tensor TextEncoder::summary(const at::Tensor&) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, "this encoder has no summary of a text");
}

}  // namespace talweg::models
