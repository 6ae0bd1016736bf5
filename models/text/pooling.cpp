#include "models/text/pooling.h"

#include "core/libtorch.h"

namespace talweg::models {

at::Tensor pool(Pooling pooling, TextEncoder& encoder, const at::Tensor& hidden, const at::Tensor& mask) {
  switch (pooling) {
    case Pooling::mean: {
      const at::Tensor weights = mask.to(hidden.scalar_type());
      return at::bmm(weights.unsqueeze(1), hidden).squeeze(1) / weights.sum(1, true).clamp_min(1);
    }
    case Pooling::first:
      return hidden.select(1, 0);
    case Pooling::last: {
      const at::Tensor last = (mask.sum(1) - 1).clamp_min(0);
      return hidden.gather(1, last.view({-1, 1, 1}).expand({-1, 1, hidden.size(2)})).squeeze(1);
    }
    case Pooling::largest:
      return hidden.masked_fill(mask.logical_not().unsqueeze(2), -INFINITY).amax(1);
    case Pooling::summary:
      return encoder.summary(hidden);
  }
  return hidden.select(1, 0);
}

}  // namespace talweg::models
