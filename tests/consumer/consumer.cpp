// Somebody else's program: every public optimizer is made from its options alone, without any registration, and those
// that need no more than a loss make steps on a closure.
#include <talweg/optim/adam.h>
#include <talweg/optim/adamw.h>
#include <talweg/optim/derivative_free/spsa.h>
#include <talweg/optim/dp_sgd.h>
#include <talweg/optim/extra_gradient.h>
#include <talweg/optim/galore.h>
#include <talweg/optim/gradient_descent.h>
#include <talweg/optim/lbfgs.h>
#include <talweg/optim/line_search/presets.h>
#include <talweg/optim/lion.h>
#include <talweg/optim/lorenza.h>
#include <talweg/optim/mezo.h>
#include <talweg/optim/polyak_step.h>
#include <talweg/optim/sam.h>
#include <talweg/optim/sgd.h>
#include <torch/torch.h>

#include <cmath>
#include <iostream>

namespace {

using namespace talweg::optim;

/// Makes an optimizer of `module` as its options say.
template <class T, class Options>
T make(torch::nn::Linear& module, const Options& options) {
  return T(talweg::name_parameters(module->parameters()), options);
}

int failures = 0;

/// Twenty steps lower the loss of a regression.
template <class T, class Options>
void train(const char* name, const Options& options = {}) {
  torch::manual_seed(1);
  torch::nn::Linear module(8, 4);
  T optimizer = make<T>(module, options);
  const torch::Tensor x = torch::randn({64, 8}), y = x.narrow(1, 0, 4);
  double first = NAN, last = NAN;
  for (int step = 0; step < 20; ++step) {
    const torch::Tensor loss = optimizer.step([&] {
      module->zero_grad();
      auto value = torch::mse_loss(module(x), y);
      if (torch::GradMode::is_enabled()) value.backward();
      return value;
    });
    last = loss.item<double>();
    if (step == 0) first = last;
  }
  const bool good = std::isfinite(last) && last < first;
  std::cout << name << ": " << first << " -> " << last << (good ? "" : "  FAILED") << std::endl;
  failures += !good;
}

}  // namespace

int main() {
  train<Sgd, SgdOptions>("sgd");
  train<Adam, AdamOptions>("adam");
  train<AdamW, AdamWOptions>("adamw");
  train<Lion, LionOptions>("lion");
  train<Lbfgs, LbfgsOptions>("lbfgs");
  train<Sam, SamOptions>("sam");
  train<AdazoSam, AdazoSamOptions>("adazo_sam");
  train<Galore, GaloreOptions>("galore");
  train<Lorenza, LorenzaOptions>("lorenza");
  train<Mezo, MezoOptions>("mezo");
  train<Spsa, SpsaOptions>("spsa");
  train<LineSearch, LineSearchOptions>("armijo");
  train<LineSearch, GdLsOptions>("gd_ls");
  train<LineSearch, SlsOptions>("sls");
  train<LineSearch, PonosOptions>("ponos");
  train<LineSearch, AdaSlsOptions>("ada_sls");
  train<LineSearch, GoldsteinOptions>("goldstein");
  train<PolyakStep, PolyakStepOptions>("sps");
  train<ExtraGradient, ExtraGradientOptions>("extra_gradient");
  train<NormalizedGradientDescent, NormalizedGradientDescentOptions>("normalized_gd");
  // These ask an objective for more than a closure has: gradients of examples, a known smoothness, a metric.
  torch::nn::Linear module(8, 4);
  DpSgdOptions dp_sgd;
  dp_sgd.privacy.noise_multiplier = 1;
  make<DpSgd>(module, dp_sgd);
  DpOptions dp;
  dp.privacy.noise_multiplier = 1;
  make<Dp>(module, dp);
  make<SmoothGradientDescent>(module, SmoothGradientDescentOptions{});
  make<NaturalGradientDescent>(module, NaturalGradientDescentOptions{});
  return failures == 0 ? 0 : 1;
}
