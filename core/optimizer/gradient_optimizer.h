#pragma once

#include <string>
#include <vector>

#include "core/optimizer/group_options.h"
#include "core/optimizer/one_gradient.h"
#include "core/optimizer/optimizer.h"
#include "core/optimizer/shardable.h"

namespace talweg {

/// The name of something that is remembered for every parameter, as GradientOptimizer::remember() gives it out. One
/// that nobody gave out stands for nothing: an empty list.
class Memory {
 public:
  Memory() = default;

 private:
  friend class GradientOptimizer;
  friend struct ParameterGroup;
  explicit Memory(std::size_t index) : index_(index) {}
  static constexpr std::size_t kNone = ~std::size_t{0};
  std::size_t index_ = kNone;
};

/// Parameters that one update treats alike. All lists have one entry per parameter, in the same order.
struct ParameterGroup {
  double learning_rate = 0;  ///< η of this step and group, the schedule's factor included
  double weight_decay = 0;   ///< λ of the group
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> gradients;  ///< of this step; not to be changed
  /// The number of steps, this one included, as the scalar tensors of type float that LibTorch's fused kernels take;
  /// empty unless GradientOptimizer::count_steps() was called.
  std::vector<at::Tensor> step_counts;

  /// The memory of this name: tensors of the parameters' shapes.
  at::TensorList memory(Memory name) const;

 private:
  friend class GradientOptimizer;
  double factor_ = 1;                              // on the optimizer's learning rate
  std::vector<std::size_t> places_;                // of the parameters, among all of the optimizer
  std::vector<std::vector<at::Tensor>> memories_;  // per name
};

/// An optimizer whose step is a function of its state and of one gradient. Here stands once what such optimizers share:
/// a step that is not made when the gradient is not usable, state that is saved and loaded by name, and a share of the
/// parameters for ranks that divide the state. A new one names its memories in its constructor and writes update().
class GradientOptimizer : public Optimizer, public OneGradient, public Shardable {
 public:
  using Optimizer::step;
  StepReport step(Objective& objective) final;
  /// "NAME/PARAMETER" for every memory, and "steps" where they are counted.
  OptimizerState state_dict() const final;
  void load_state_dict(const OptimizerState& state) final;
  void keep_state_of(const std::vector<bool>& kept) final;

 protected:
  /// `learning_rate` is η > 0, `weight_decay` λ ≥ 0 of the parameters that no group names. Throws c10::ValueError when
  /// there is no parameter, ConfigError as assign_groups() does.
  GradientOptimizer(ParameterList parameters, double learning_rate, double weight_decay = 0,
                    std::vector<GroupOptions> groups = {});

  /// A tensor of zeros per parameter that lives from step to step, of the parameter's shape, type and memory layout;
  /// called in the constructor of the optimizer. A checkpoint calls it `name`.
  Memory remember(const std::string& name);
  /// Counts the steps that are made; called in the constructor of the optimizer.
  void count_steps();

  /// Looks at the gradients of all parameters before the step, for a rule that is not made parameter by parameter.
  /// Those of parameters whose state another rank keeps are among them.
  virtual void prepare(const std::vector<at::Tensor>& gradients);
  /// Moves the parameters of a group. Called without automatic differentiation, once per step and group.
  virtual void update(const ParameterGroup& group) = 0;

 private:
  struct Place {
    std::size_t parameter, group, index;
  };
  void arrange(const std::vector<bool>& kept);
  void add_memory(ParameterGroup& group) const;
  void make_step_counts();
  std::string state_name(std::size_t memory, const Place& place) const;

  double weight_decay_;
  std::vector<GroupOptions> group_options_;
  std::vector<std::size_t> group_of_;   // of every parameter
  std::vector<ParameterGroup> groups_;  // one for each of the options, and one for the rest
  std::vector<Place> places_;           // of the kept parameters, in the order of all
  std::vector<std::string> memories_;
  at::Tensor step_count_;  // undefined unless steps are counted
  std::int64_t steps_ = 0;
};

}  // namespace talweg
