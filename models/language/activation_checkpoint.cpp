#include "models/language/activation_checkpoint.h"

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/device/generators.h"
#include "core/libtorch.h"

namespace talweg::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Segment = std::function<at::Tensor(const at::Tensor&)>;

/// What the first evaluation knew, for the second.
struct Moment : torch::CustomClassHolder {
  Segment segment;
  std::vector<at::Tensor> generator_states;
  bool autocast;
  at::ScalarType autocast_type;
};

/// Puts the autocast and the random numbers of a moment in force for a scope.
class MomentScope {
 public:
  MomentScope(const Moment& moment, at::Device device)
      : device_(device.type()),
        generators_(generators_of(device)),
        states_(states_of(generators_)),
        autocast_(at::autocast::is_autocast_enabled(device_)),
        autocast_type_(at::autocast::get_autocast_dtype(device_)) {
    restore_generators(generators_, moment.generator_states);
    at::autocast::set_autocast_enabled(device_, moment.autocast);
    at::autocast::set_autocast_dtype(device_, moment.autocast_type);
    at::autocast::increment_nesting();
  }
  ~MomentScope() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, autocast_);
    at::autocast::set_autocast_dtype(device_, autocast_type_);
    restore_generators(generators_, states_);
  }
  MomentScope(const MomentScope&) = delete;
  MomentScope& operator=(const MomentScope&) = delete;

 private:
  at::DeviceType device_;
  std::vector<at::Generator> generators_;
  std::vector<at::Tensor> states_;
  bool autocast_;
  at::ScalarType autocast_type_;
};

struct RecomputedFunction : torch::autograd::Function<RecomputedFunction> {
  static at::Tensor forward(AutogradContext* ctx, const Segment& segment, const at::Tensor& x,
                            at::TensorList parameters) {
    auto moment = c10::make_intrusive<Moment>();
    moment->segment = segment;
    moment->generator_states = states_of(generators_of(x.device()));
    moment->autocast = at::autocast::is_autocast_enabled(x.device().type());
    moment->autocast_type = at::autocast::get_autocast_dtype(x.device().type());
    variable_list kept{x};
    kept.insert(kept.end(), parameters.begin(), parameters.end());
    ctx->save_for_backward(kept);
    // Types that autocast made of parameters without a graph must not be found by an evaluation with one.
    const bool cache = at::autocast::is_autocast_cache_enabled();
    at::autocast::set_autocast_cache_enabled(false);
    at::Tensor y = segment(x);
    at::autocast::set_autocast_cache_enabled(cache);
    ctx->saved_data["moment"] = c10::IValue::make_capsule(std::move(moment));
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const auto holder = ctx->saved_data["moment"].toCapsule();
    const auto& moment = static_cast<const Moment&>(*holder);
    const bool twice = at::GradMode::is_enabled();
    at::Tensor x = saved[0];
    if (!twice) x = x.detach().requires_grad_(x.requires_grad());
    at::Tensor y;
    {
      const torch::AutoGradMode with_graph(true);
      const MomentScope scope(moment, x.device());
      y = moment.segment(x);
    }
    variable_list wanted;
    for (const at::Tensor& input : saved)
      if (input.requires_grad()) wanted.push_back(input.is_same(saved[0]) ? x : input);
    const variable_list found = torch::autograd::grad({y}, wanted, {gradients[0]}, twice, twice, true);
    variable_list answer{at::Tensor()};  // of the segment
    auto next = found.begin();
    for (const at::Tensor& input : saved) answer.push_back(input.requires_grad() ? *next++ : at::Tensor());
    return answer;
  }
};

}  // namespace

at::Tensor recomputed(const Segment& segment, const at::Tensor& x, const std::vector<at::Tensor>& parameters) {
  if (!at::GradMode::is_enabled()) return segment(x);
  return RecomputedFunction::apply(segment, x, at::TensorList(parameters));
}

}  // namespace talweg::models
