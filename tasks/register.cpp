#include "tasks/register.h"

#include "core/data/sampler.h"
#include "core/train/schedule.h"
#include "core/train/task.h"
#include "models/register.h"
#include "optim/register.h"
#include "tasks/classification/classification.h"
#include "tasks/generalized_linear/generalized_linear.h"
#include "tasks/in_context_regression/in_context_regression.h"
#include "tasks/matrix_factorization/matrix_factorization.h"
#include "tasks/policy/bandit.h"
#include "tasks/policy/mdp.h"

namespace talweg::tasks {
namespace {

template <class T, class Options>
void add(const char* name, const char* summary, const char* source) {
  config::Registry<TaskKind>::instance().add<Options>(
      name, summary, source, [](const Options& options, const TaskContext& context) -> std::unique_ptr<Task> {
        return std::make_unique<T>(options, context);
      });
}

}  // namespace

void register_components() {
  static const bool once = [] {
    data::register_samplers();
    register_schedules();
    models::register_components();
    optim::register_components();
    register_classification_data();
    register_covariances();
    add<Classification, ClassificationOptions>("classification", "classes of labelled examples", "standard");
    add<GeneralizedLinear, GeneralizedLinearOptions>("glm", "generalised linear model: logistic link, squared loss",
                                                     "Vaswani and Babanezhad 2025");
    add<Bandit, BanditOptions>("bandit", "softmax policy on arms of known rewards, exact gradients",
                               "Vaswani and Babanezhad 2025");
    add<Mdp, MdpOptions>("mdp", "tabular Markov decision process, softmax policy, exact gradients",
                         "Vaswani and Babanezhad 2025");
    add<MatrixFactorization, MatrixFactorizationOptions>(
        "matrix_factorization", "two-layer linear network on an ill-conditioned map", "Vaswani et al. 2019");
    add<InContextRegression, InContextRegressionOptions>(
        "in_context_regression", "linear regression from the examples of a prompt, by chain of thought or at once",
        "Huang, Wang and Lee 2025; Garg et al. 2022");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
