#pragma once

#include <optional>
#include <string>

#include "core/parameter_list.h"
#include "optim/subspace/basis.h"
#include "optim/subspace/subspace_options.h"

namespace talweg::optim {

/// One weight matrix whose gradient is seen in a subspace: the basis that steps are lifted with, the basis that was
/// found for it and is not taken over yet, and the projected gradient Ĝ of the step. Everything that lives from one
/// step to the next is allocated at construction, so that a state always has the same tensors.
class ProjectedMatrix {
 public:
  /// `parameter`: its place among all parameters. `paired`: keep the second basis, for probes.
  ProjectedMatrix(std::size_t parameter, const NamedParameter& matrix, const SubspaceOptions& options, bool paired);

  std::size_t parameter() const { return parameter_; }
  const std::string& name() const { return name_; }
  const at::Tensor& weight() const { return weight_; }
  /// Of the steps; all zero before the first renewal.
  const Basis& basis() const { return basis_; }

  /// \name The projected gradient Ĝ [r, n] or [m, r] of a step
  /// @{

  /// Forms Ĝ, by the basis that was found last whether or not it is taken over.
  void project(const at::Tensor& gradient);
  /// Forms Ĝ, or adds to what was given before in this step.
  void add_projected(const at::Tensor& gradient);
  /// Multiplies Ĝ, where it was formed, by a scalar tensor.
  void scale_projected(const at::Tensor& factor);
  /// Forgets that Ĝ was formed: it was used, or its step was not made.
  void drop_projected() { formed_ = false; }
  bool is_projected() const { return formed_; }
  const at::Tensor& projected() const { return projected_; }
  /// Room of Ĝ's shape for one use at a time; all matrices may share the memory.
  at::Tensor& scratch() { return scratch_; }
  void set_scratch(const at::Tensor& buffer) { scratch_ = buffer.view(projected_.sizes()); }

  /// @}
  /// \name Renewal of the basis
  /// @{

  /// A new basis, which project() uses from now on, until it is taken over or dropped.
  void offer(Basis found) { found_ = std::move(found); }
  bool has_offer() const { return found_.has_value(); }
  void drop_offer() { found_.reset(); }
  /// X = Qnewᵀ·Qold [r, r] of the offered basis.
  at::Tensor overlap() const;
  /// The offered basis becomes the basis; the matrix is not due again before its next step.
  void take_over();

  /// Whether it is to be renewed: `planned` says that its turn has come.
  bool is_due(bool planned) const { return !fresh_ && (planned || small_); }
  /// The end of a step: Ĝ is used up, and the basis is no longer new.
  void finish_step();
  /// ‖Ĝ‖ fell below what the subspace is kept for: due at the next step whatever the plan says.
  void set_small(bool small) { small_ = small; }
  bool is_small() const { return small_; }
  bool is_fresh() const { return fresh_; }
  void restore(bool small, bool fresh);

  /// @}

 private:
  std::size_t parameter_;
  std::string name_;
  at::Tensor weight_;
  ProjectionPrecision precision_;
  Basis basis_;
  std::optional<Basis> found_;
  at::Tensor projected_, scratch_;
  bool formed_ = false;  // this step's Ĝ is begun
  bool small_ = false;
  bool fresh_ = false;  // renewed since the last step
};

}  // namespace talweg::optim
