#pragma once

#include "core/optimizer/optimizer.h"

namespace talweg::optim {

/// The parameters whose state an optimizer keeps: all of them, or a rank's share.
class KeptParameters {
 public:
  /// All.
  explicit KeptParameters(const ParameterList& all) : KeptParameters(all, std::vector<bool>(all.size(), true)) {}
  KeptParameters(const ParameterList& all, const std::vector<bool>& kept) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!kept[i]) continue;
      indices_.push_back(i);
      list_.push_back(all[i]);
      tensors_.push_back(all[i].tensor);
    }
    all_ = indices_.size() == all.size();
  }

  const ParameterList& list() const { return list_; }
  const std::vector<at::Tensor>& tensors() const { return tensors_; }
  bool empty() const { return indices_.empty(); }
  /// Of a list with one entry per parameter those that are kept.
  std::vector<at::Tensor> select(const std::vector<at::Tensor>& list) const {
    if (all_) return list;
    std::vector<at::Tensor> selected;
    for (const std::size_t i : indices_) selected.push_back(list[i]);
    return selected;
  }

 private:
  std::vector<std::size_t> indices_;
  ParameterList list_;
  std::vector<at::Tensor> tensors_;
  bool all_ = true;
};

}  // namespace talweg::optim
