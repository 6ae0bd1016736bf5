#include "optim/subspace/projected_matrix.h"

#include <algorithm>

#include "core/libtorch.h"

namespace talweg::optim {
namespace {

ProjectedSide side_of(const at::Tensor& matrix, SideRule rule) {
  const bool wide = matrix.size(0) < matrix.size(1);
  switch (rule) {
    case SideRule::left:
      return ProjectedSide::left;
    case SideRule::right:
      return ProjectedSide::right;
    case SideRule::longer:
      return wide ? ProjectedSide::right : ProjectedSide::left;
    case SideRule::shorter:
      break;
  }
  return wide ? ProjectedSide::left : ProjectedSide::right;
}

}  // namespace

ProjectedMatrix::ProjectedMatrix(std::size_t parameter, const NamedParameter& matrix, const SubspaceOptions& options,
                                 bool paired)
    : parameter_(parameter), name_(matrix.name), weight_(matrix.tensor), precision_(options.precision) {
  const at::TensorOptions like = weight_.options().requires_grad(false);
  const std::int64_t rows = weight_.size(0), columns = weight_.size(1);
  const std::int64_t rank = std::min({options.rank, rows, columns});
  basis_.side = side_of(weight_, options.side);
  const bool left = basis_.side == ProjectedSide::left;
  if (paired || left) basis_.left = at::zeros({rows, rank}, like);
  if (paired || !left) basis_.right = at::zeros({columns, rank}, like);
  projected_ = at::zeros(left ? at::IntArrayRef{rank, columns} : at::IntArrayRef{rows, rank}, like);
}

void ProjectedMatrix::project(const at::Tensor& gradient) {
  (found_ ? *found_ : basis_).project(gradient, projected_, precision_);
  formed_ = true;
}

void ProjectedMatrix::add_projected(const at::Tensor& gradient) {
  if (!formed_) return project(gradient);
  (found_ ? *found_ : basis_).project(gradient, scratch_, precision_);
  projected_.add_(scratch_);
}

void ProjectedMatrix::scale_projected(const at::Tensor& factor) {
  if (formed_) projected_.mul_(factor.to(projected_.scalar_type()));
}

at::Tensor ProjectedMatrix::overlap() const {
  return at::mm(found_->projector().t(), basis_.projector());
}

void ProjectedMatrix::take_over() {
  if (basis_.left.defined()) basis_.left.copy_(found_->left);
  if (basis_.right.defined()) basis_.right.copy_(found_->right);
  found_.reset();
  fresh_ = true;
  small_ = false;
}

void ProjectedMatrix::finish_step() {
  formed_ = false;
  fresh_ = false;
}

void ProjectedMatrix::restore(bool small, bool fresh) {
  small_ = small;
  fresh_ = fresh;
}

}  // namespace talweg::optim
