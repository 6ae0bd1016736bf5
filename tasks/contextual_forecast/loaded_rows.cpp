#include "tasks/contextual_forecast/loaded_rows.h"

#include "core/libtorch.h"

namespace talweg::tasks {

LoadedRows LoadedRows::select(const at::Tensor& rows) const {
  return {asset.index_select(0, rows), weight.index_select(0, rows), in.index_select(0, rows),
          target.index_select(0, rows)};
}

LoadedRows LoadedRows::of_assets(const std::vector<std::int64_t>& assets) const {
  const at::Tensor wanted = at::isin(asset, at::tensor(assets, at::kLong).to(asset.device()));
  if (wanted.all().item<bool>()) return *this;
  return select(wanted.nonzero().squeeze(1));
}

LoadedRows coherent_rows(const at::Tensor& joint, at::ScalarType complex_type) {
  const std::int64_t assets = joint.size(0), contexts = joint.size(1), outcomes = joint.size(2);
  at::Tensor in = at::zeros({assets, contexts, outcomes}, at::kDouble);
  in.select(2, 0).copy_(joint.sum(2).sqrt());
  return {at::arange(assets, at::kLong), at::ones({assets}, at::kDouble), in.flatten(1).to(complex_type),
          joint.sqrt().flatten(1).to(complex_type)};
}

LoadedRows incoherent_rows(const at::Tensor& joint, at::ScalarType complex_type) {
  const std::int64_t contexts = joint.size(1), outcomes = joint.size(2);
  const at::Tensor p = joint.sum(2), occurs = (p > 0).nonzero(), asset = occurs.select(1, 0), x = occurs.select(1, 1);
  const at::Tensor weight = p.index({asset, x}), of_outcomes = joint.index({asset, x}) / weight.unsqueeze(1);
  at::Tensor target = at::zeros({asset.size(0), contexts, outcomes}, at::kDouble);
  target.index_put_({at::arange(asset.size(0)), x}, of_outcomes.sqrt());
  return {asset.contiguous(), weight, basis_states(contexts, outcomes, complex_type).index_select(0, x),
          target.flatten(1).to(complex_type)};
}

at::Tensor basis_states(std::int64_t contexts, std::int64_t outcomes, at::ScalarType complex_type) {
  at::Tensor states = at::zeros({contexts, contexts, outcomes}, complex_type);
  states.select(2, 0).diagonal().fill_(1);
  return states.flatten(1);
}

}  // namespace talweg::tasks
