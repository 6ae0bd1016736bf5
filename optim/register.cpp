#include "optim/register.h"

#include "core/optimizer/abilities.h"
#include "optim/adam.h"
#include "optim/adamw.h"
#include "optim/derivative_free/ada_dfo.h"
#include "optim/derivative_free/cma_es.h"
#include "optim/derivative_free/kiefer_wolfowitz.h"
#include "optim/derivative_free/spsa.h"
#include "optim/derivative_free/stars.h"
#include "optim/dp_sgd.h"
#include "optim/extra_gradient.h"
#include "optim/galore.h"
#include "optim/gradient_descent.h"
#include "optim/lbfgs.h"
#include "optim/line_search/presets.h"
#include "optim/lion.h"
#include "optim/lorenza.h"
#include "optim/mezo.h"
#include "optim/polyak_step.h"
#include "optim/sam.h"
#include "optim/sgd.h"

namespace talweg::optim {
namespace {

template <class T, class Options>
void add(const char* name, const char* summary, const char* source) {
  config::Registry<OptimizerKind>::instance().add<Options>(
      name, summary, source,
      [](const Options& options, const ParameterList& parameters) -> std::unique_ptr<Optimizer> {
        return std::make_unique<T>(parameters, options);
      },
      abilities_of<T>());
}

}  // namespace

void register_components() {
  static const bool once = [] {
    add<Sgd, SgdOptions>("sgd", "stochastic gradient descent with momentum", "Sutskever et al. 2013");
    add<Adam, AdamOptions>("adam", "adaptive moments", "Kingma and Ba 2015");
    add<AdamW, AdamWOptions>("adamw", "adaptive moments with decoupled weight decay", "Loshchilov and Hutter 2019");
    add<Lion, LionOptions>("lion", "the sign of a momentum, with decoupled weight decay", "Chen et al. 2023");
    add<DpSgd, DpSgdOptions>("dp_sgd", "differentially private stochastic gradient descent",
                             "Abadi et al. 2016; Liang et al. 2026");
    add<Dp, DpOptions>("dp", "another optimizer on privatised gradients: DP-Adam and its like", "Abadi et al. 2016");
    add<Lbfgs, LbfgsOptions>("lbfgs", "limited-memory quasi-Newton with a Wolfe line search",
                             "Nocedal and Wright, alg. 7.5");
    add<Sam, SamOptions>("sam", "the gradient at a point up the gradient: flat minima, two backward passes a step",
                         "Foret et al. 2021");
    add<AdazoSam, AdazoSamOptions>("adazo_sam", "SAM whose ascent is estimated from losses: one backward pass a step",
                                   "Refael et al. 2026");
    register_moment_rules();
    add<Galore, GaloreOptions>("galore", "Adam in a subspace of every weight matrix", "Zhao et al. 2024");
    add<Lorenza, LorenzaOptions>("lorenza", "sharpness-aware Adam in a subspace of every weight matrix",
                                 "Refael et al. 2026");
    add<Mezo, MezoOptions>("mezo", "descent along random directions, from losses alone", "Malladi et al. 2023");
    register_estimators();
    register_batch_rules();
    register_noisy_steps();
    add<AdaDfo, AdaDfoOptions>("ada_dfo", "descent along gradients estimated from adaptive batches of noisy values",
                               "Liang, Liu and Zhang 2025 (arXiv 2502.20819), reconstructed");
    add<AdaDfo, ReleasedCodeOptions>("released_code", "the gradient descent of the code published with Cor-CFD",
                                     "Liang, Liu and Zhang 2024 (arXiv 2405.05638)");
    add<KieferWolfowitz, KieferWolfowitzOptions>("kiefer_wolfowitz", "central differences with falling gains",
                                                 "Kiefer and Wolfowitz 1952");
    add<CmaEs, CmaEsOptions>("cma_es", "an evolution strategy that learns the covariance of good steps",
                             "Hansen 2016 (arXiv 1604.00772)");
    add<Stars, StarsOptions>("stars", "one Gaussian direction a step, for known noise and smoothness",
                             "Chen and Wild 2015");
    add<Spsa, SpsaOptions>("spsa", "descent along random signs, from noisy values alone", "Spall 1992, 1998");
    register_directions();
    register_start_rules();
    register_acceptance_tests();
    add<LineSearch, LineSearchOptions>("armijo", "gradient descent that searches its step size: nothing to tune",
                                       "Armijo 1966; Vaswani et al. 2019");
    add<LineSearch, GdLsOptions>("gd_ls", "line search from the largest step, for full batches",
                                 "Vaswani and Babanezhad 2025, algorithm 1");
    add<LineSearch, SlsOptions>("sls", "stochastic line search", "Vaswani et al. 2019");
    add<LineSearch, PonosOptions>("ponos", "line search from the Polyak step, not monotone", "Galli et al. 2023");
    add<LineSearch, AdaSlsOptions>("ada_sls", "line search along Adam's direction", "Galli et al. 2023");
    add<LineSearch, GoldsteinOptions>("goldstein", "two-sided line search from the last step", "Vaswani et al. 2019");
    add<PolyakStep, PolyakStepOptions>("sps", "stochastic Polyak step", "Loizou et al. 2021");
    add<ExtraGradient, ExtraGradientOptions>("extra_gradient", "extra-gradient with a Lipschitz line search",
                                             "Vaswani et al. 2019");
    add<SmoothGradientDescent, SmoothGradientDescentOptions>(
        "gd_smooth", "gradient descent with step 1/L, for tasks that know L", "Nesterov 2004");
    add<NormalizedGradientDescent, NormalizedGradientDescentOptions>(
        "normalized_gd", "gradient descent with steps of one length", "Mei et al. 2021");
    add<NaturalGradientDescent, NaturalGradientDescentOptions>("natural_gradient",
                                                               "natural gradient descent, for policies", "Kakade 2001");
    return true;
  }();
  (void)once;
}

std::unique_ptr<Optimizer> create_chosen(const config::Component<OptimizerKind>& chosen,
                                         const ParameterList& parameters) {
  register_components();
  return chosen.create(parameters);
}

}  // namespace talweg::optim
