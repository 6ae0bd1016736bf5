#include "optim/privacy/private_optimizer.h"

#include "core/error.h"
#include "core/libtorch.h"
#include "core/optimizer/abilities.h"

namespace talweg::optim {
namespace {

/// What the inner optimizer sees: a privatised gradient, once per step, and nothing else of the data.
class PrivatisedObjective : public Objective {
 public:
  PrivatisedObjective(Objective& objective, PerExampleFacet& examples, GradientPrivatiser& privatiser,
                      double learning_rate)
      : objective_(objective), examples_(examples), privatiser_(privatiser), learning_rate_(learning_rate) {}

  const std::vector<at::Tensor>& parameters() const override { return objective_.parameters(); }
  at::Tensor value() override { throw ConfigError("the loss of the data is not private; no optimizer may look at it"); }
  Evaluation gradient() override {
    if (sum_) throw std::logic_error("a privatised gradient was asked for twice in one step");
    sum_ = privatiser_.privatise(examples_, learning_rate_);
    if (sum_->usable) examples_.add_known_gradient();
    return {at::zeros_like(sum_->loss), sum_->usable};
  }
  double batch_share() const override { return objective_.batch_share(); }
  double relative_precision() const override { return objective_.relative_precision(); }

  // Whatever the objective knows beyond that is not private.
  ValueFacet* value_facet() override { return nullptr; }
  GradientPartsFacet* parts_facet() override { return nullptr; }
  CurvatureFacet* curvature_facet() override { return nullptr; }
  GeometryFacet* geometry_facet() override { return nullptr; }
  NoisyObjective* noise_facet() override { return nullptr; }
  PerExampleFacet* examples_facet() override { return nullptr; }

  const ClippedSum& sum() const { return *sum_; }

 private:
  Objective& objective_;
  PerExampleFacet& examples_;
  GradientPrivatiser& privatiser_;
  double learning_rate_;
  std::optional<ClippedSum> sum_;
};

PerExampleFacet& examples_of(Objective& objective) {
  if (PerExampleFacet* examples = objective.examples_facet()) return *examples;
  throw ConfigError("a private optimizer needs the gradient of every example; this objective has only their mean");
}

}  // namespace

PrivateOptimizer::PrivateOptimizer(ParameterList parameters, std::unique_ptr<Optimizer> inner,
                                   const PrivacyOptions& privacy, const std::optional<DomainOptions>& domain,
                                   bool plain_sgd)
    : Optimizer(std::move(parameters), inner->param_groups().front().options().get_lr()),
      inner_(std::move(inner)),
      privatiser_(privacy, named_parameters()),
      domain_options_(domain),
      plain_sgd_(plain_sgd),
      inner_learning_rate_(learning_rate()) {
  if (!dynamic_cast<OneGradient*>(inner_.get()))
    throw ConfigError(
        "optimizer.inner: this optimizer looks at losses or at several gradients of a step, which are not private; "
        "take one that makes its step from one gradient" +
        optimizers_with(OneGradient::ability));
  if (domain_options_)
    domain_ = domain_options_->center == DomainCenter::zero ? Ball::around_zero(domain_options_->radius)
                                                            : Ball::around(tensors(), domain_options_->radius);
}

void PrivateOptimizer::begin_run(const RunPlan& plan, Objective& objective) {
  UpdateRule rule{plain_sgd_, learning_rate(), {}};
  if (domain_options_) rule.domain = privacy::BoundedDomain{domain_options_->radius, domain_options_->smoothness};
  privatiser_.begin_run(plan, examples_of(objective), rule);
  if (auto* aware = dynamic_cast<RunAware*>(inner_.get())) aware->begin_run(plan, objective);
  if (domain_) domain_->project(tensors());
}

StepReport PrivateOptimizer::step(Objective& objective) {
  PrivatisedObjective view(objective, examples_of(objective), privatiser_, learning_rate());
  inner_->set_schedule_factor(learning_rate() / inner_learning_rate_);
  StepReport report = inner_->step(view);
  report.loss = view.sum().loss;
  if (domain_ && report.status == StepStatus::accepted) domain_->project(tensors());
  return report;
}

OptimizerState PrivateOptimizer::state_dict() const {
  OptimizerState state;
  const OptimizerState inner = inner_->state_dict();
  for (const auto& [name, tensor] : inner.tensors) state.tensors.emplace_back("inner/" + name, tensor);
  if (domain_)
    for (std::size_t i = 0; i < domain_->centre().size(); ++i)
      state.tensors.emplace_back("centre/" + named_parameters()[i].name, domain_->centre()[i]);
  state.values = {{"inner", inner.values}, {"privacy", privatiser_.state()}};
  return state;
}

void PrivateOptimizer::load_state_dict(const OptimizerState& state) {
  if (!state.values.contains("privacy"))
    throw DataError("the optimizer state holds no privacy ledger; was the checkpoint written by another optimizer?");
  OptimizerState inner;
  for (const auto& [name, tensor] : state.tensors)
    if (name.starts_with("inner/")) inner.tensors.emplace_back(name.substr(6), tensor);
  inner.values = state.values.at("inner");
  inner_->load_state_dict(inner);
  if (domain_ && !domain_->centre().empty()) {
    std::vector<at::Tensor> centre;
    for (std::size_t i = 0; i < tensors().size(); ++i)
      centre.push_back(state.require("centre/" + named_parameters()[i].name, tensors()[i])
                           .to(tensors()[i].options().requires_grad(false))
                           .clone());
    domain_->set_centre(std::move(centre));
  }
  privatiser_.load(state.values.at("privacy"));
}

}  // namespace talweg::optim
