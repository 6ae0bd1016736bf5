#include "tasks/triplets/triplets.h"

#include "core/libtorch.h"

namespace talweg::tasks {

Triplets select(const Triplets& t, const at::Tensor& indices) {
  return {t.users.index_select(0, indices), t.first.index_select(0, indices), t.second.index_select(0, indices),
          t.labels.index_select(0, indices), t.weights.defined() ? t.weights.index_select(0, indices) : at::Tensor()};
}

Triplets by_user(const Triplets& t) {
  return select(t, at::argsort(t.users, /*stable=*/true));
}

}  // namespace talweg::tasks
