#include "core/gradient/parameter_gradients.h"

#include "core/libtorch.h"

namespace talweg::gradient {
namespace {

/// Appends along the positions: the outer products of all uses are one longer sum.
void append(at::Tensor& to, const at::Tensor& more) {
  to = to.defined() ? at::cat({to, more}, 1) : more;
}

at::Tensor squared_length(const at::Tensor& rows) {
  return at::linalg_vector_norm(rows.flatten(1), 2, at::IntArrayRef{1}).square_();
}

/// ⟨x_t, y_t'⟩ for every example: [batch, positions of x, positions of y].
at::Tensor gram(const at::Tensor& x, const at::Tensor& y) {
  return at::bmm(x, y.transpose(1, 2));
}

at::Tensor sum_of_products(at::Tensor a, const at::Tensor& b) {
  return a.mul_(b).sum(at::IntArrayRef{1, 2});
}

void accumulate(at::Tensor& sum, at::Tensor term) {
  if (sum.defined())
    sum.add_(term);
  else
    sum = std::move(term);
}

}  // namespace

void ParameterGradients::add_outer(const at::Tensor& left, const at::Tensor& right) {
  append(outer_left_, left);
  append(outer_right_, right);
}

void ParameterGradients::add_rows(const at::Tensor& indices, const at::Tensor& right) {
  append(row_indices_, indices);
  append(rows_right_, right);
}

void ParameterGradients::add_explicit(const at::Tensor& gradients) {
  explicit_ = explicit_.defined() ? explicit_ + gradients : gradients;
}

at::Tensor ParameterGradients::formed_outer() const {
  return at::bmm(outer_left_.transpose(1, 2), outer_right_);
}

at::Tensor ParameterGradients::formed_rows() const {
  const std::int64_t batch = row_indices_.size(0);
  return at::zeros({batch, shape_[0], shape_[1]}, rows_right_.options())
      .scatter_add_(1, row_indices_.unsqueeze(2).expand_as(rows_right_), rows_right_);
}

void ParameterGradients::materialise() {
  at::Tensor formed = std::move(explicit_);
  const auto add = [&](const at::Tensor& term) {
    formed = formed.defined() ? formed.flatten(1) + term.flatten(1) : term;
  };
  if (outer_left_.defined()) add(formed_outer());
  if (row_indices_.defined()) add(formed_rows());
  clear();
  explicit_ = formed;
}

std::int64_t ParameterGradients::bytes() const {
  std::int64_t sum = 0;
  for (const at::Tensor& tensor : {outer_left_, outer_right_, row_indices_, rows_right_, explicit_})
    if (tensor.defined()) sum += static_cast<std::int64_t>(tensor.nbytes());
  return sum;
}

void ParameterGradients::clear() {
  outer_left_ = outer_right_ = row_indices_ = rows_right_ = explicit_ = at::Tensor();
}

/// 2·⟨outer, rows⟩: with unit vectors on one side the left Gram matrix is a choice of entries.
at::Tensor ParameterGradients::cross_terms() const {
  const std::int64_t positions = outer_left_.size(1);
  const at::Tensor chosen = row_indices_.unsqueeze(1).expand({-1, positions, -1});
  return 2 * sum_of_products(outer_left_.gather(2, chosen), gram(outer_right_, rows_right_));
}

at::Tensor ParameterGradients::squared_norms() {
  if (explicit_.defined() && (outer_left_.defined() || row_indices_.defined())) materialise();
  if (explicit_.defined()) return squared_length(explicit_);
  at::Tensor total;
  if (outer_left_.defined()) {
    if (outer_left_.size(1) == 1)
      total = squared_length(outer_left_).mul_(squared_length(outer_right_));
    else
      total = sum_of_products(gram(outer_left_, outer_left_), gram(outer_right_, outer_right_));
  }
  if (row_indices_.defined()) {
    if (row_indices_.size(1) == 1) {
      accumulate(total, squared_length(rows_right_));
    } else {
      const at::Tensor same = row_indices_.unsqueeze(2).eq(row_indices_.unsqueeze(1));
      accumulate(total, sum_of_products(gram(rows_right_, rows_right_), same));
    }
    if (outer_left_.defined()) total.add_(cross_terms());
  }
  // Cancellation may leave a tiny negative number where the gradient is zero.
  return total.defined() ? total.clamp_min_(0) : total;
}

void ParameterGradients::add_weighted_sum(const at::Tensor& factors, at::Tensor& sum) {
  if (explicit_.defined()) {
    accumulate(sum, at::mv(explicit_.flatten(1).t(), factors).view(shape_));
  }
  const at::Tensor scale = factors.view({-1, 1, 1});
  if (outer_left_.defined()) {
    const bool left_is_smaller = outer_left_.size(2) <= outer_right_.size(2);
    const at::Tensor left = (left_is_smaller ? outer_left_ * scale : outer_left_).flatten(0, 1);
    const at::Tensor right = (left_is_smaller ? outer_right_ : outer_right_ * scale).flatten(0, 1);
    if (sum.defined())
      sum.view({left.size(1), right.size(1)}).addmm_(left.t(), right);
    else
      sum = at::mm(left.t(), right).view(shape_);
  }
  if (row_indices_.defined())
    accumulate(sum, at::embedding_dense_backward(rows_right_ * scale, row_indices_, shape_[0], -1, false));
}

}  // namespace talweg::gradient
