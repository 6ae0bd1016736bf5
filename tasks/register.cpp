#include "tasks/register.h"

#include "core/agents/consensus.h"
#include "core/data/sampler.h"
#include "core/study/study.h"
#include "core/task/task.h"
#include "core/train/schedule.h"
#include "models/register.h"
#include "optim/nlopt/nlopt_search.h"
#include "optim/register.h"
#include "tasks/black_box/benchmark/optimizer_benchmark.h"
#include "tasks/black_box/black_box.h"
#include "tasks/chebyshev_regression/chebyshev_regression.h"
#include "tasks/classification/classification.h"
#include "tasks/contextual_forecast/contextual_forecast.h"
#include "tasks/deep_matrix_factorization/bifurcation.h"
#include "tasks/deep_matrix_factorization/deep_matrix_factorization.h"
#include "tasks/deep_matrix_factorization/mode_theory.h"
#include "tasks/gaussian_mean/gaussian_mean.h"
#include "tasks/generalized_linear/generalized_linear.h"
#include "tasks/in_context_regression/in_context_regression.h"
#include "tasks/language_modeling/language_modeling.h"
#include "tasks/matrix_factorization/matrix_factorization.h"
#include "tasks/matrix_quadratic/matrix_quadratic.h"
#include "tasks/matrix_quadratic/probe_study.h"
#include "tasks/matrix_quadratic/range_finder_study.h"
#include "tasks/matrix_quadratic/transport_study.h"
#include "tasks/mean_field/dynamical_mean_field.h"
#include "tasks/mean_field/gaussian_network.h"
#include "tasks/mean_field/interpolation_threshold.h"
#include "tasks/mean_field/limit_curve.h"
#include "tasks/mean_field/mean_field_limit.h"
#include "tasks/mean_field/two_layer_network.h"
#include "tasks/neural_mapping/neural_mapping.h"
#include "tasks/policy/bandit.h"
#include "tasks/policy/mdp.h"
#include "tasks/privacy/privacy_bounds.h"
#include "tasks/privacy_audit/canary_audit.h"
#include "tasks/privacy_audit/membership_inference.h"
#include "tasks/text_classification/text_classification.h"
#include "tasks/triplets/comparison_factorization.h"

namespace talweg::tasks {
void register_components() {
  static const bool once = [] {
    auto& tasks = config::Registry<TaskKind>::instance();
    auto& studies = config::Registry<StudyKind>::instance();
    data::register_samplers();
    agents::register_consensus();
    register_schedules();
    models::register_components();
    optim::register_components();
    optim::register_nlopt();
    register_classification_data();
    register_covariances();
    register_comparison_data();
    register_factor_starts();
    register_limit_curves();
    register_language_data();
    register_labelled_texts();
    register_text_backbones();
    register_black_box();
    register_contextual_forecast();
    register_neural_mapping();
    tasks.add<Classification, ClassificationOptions>("classification", "classes of labelled examples", "standard");
    tasks.add<TextClassification, TextClassificationOptions>(
        "text_classification", "classes or ratings of texts, on a pretrained encoder", "Devlin et al. 2019");
    tasks.add<GeneralizedLinear, GeneralizedLinearOptions>(
        "glm", "generalised linear model: logistic link, squared loss", "Vaswani and Babanezhad 2025");
    tasks.add<Bandit, BanditOptions>("bandit", "softmax policy on arms of known rewards, exact gradients",
                                     "Vaswani and Babanezhad 2025");
    tasks.add<Mdp, MdpOptions>("mdp", "tabular Markov decision process, softmax policy, exact gradients",
                               "Vaswani and Babanezhad 2025");
    studies.add<PrivacyBounds, PrivacyBoundsOptions>(
        "privacy_bounds", "bounds on the privacy loss of DP-SGD with a hidden state", "Liang et al. 2026");
    tasks.add<MatrixFactorization, MatrixFactorizationOptions>(
        "matrix_factorization", "two-layer linear network on an ill-conditioned map", "Vaswani et al. 2019");
    tasks.add<GaussianMean, GaussianMeanOptions>("gaussian_mean",
                                                 "the mean of Gaussian points: what noise and a domain cost", "ours");
    tasks.add<CanaryAudit, CanaryAuditOptions>("canary_audit", "audits private training with canaries, in one run",
                                               "Steinke et al. 2023");
    studies.add<MembershipInference, MembershipInferenceOptions>(
        "membership_inference", "shadow models attack a trained model: were these examples in its data?",
        "Shokri et al. 2017; Liang et al. 2026");
    tasks.add<ChebyshevRegression, ChebyshevRegressionOptions>(
        "chebyshev_regression", "a model fitted to a Chebyshev polynomial at a few points", "Cohen et al. 2021");
    tasks.add<MatrixQuadratic, MatrixQuadraticOptions>("matrix_quadratic", "a quadratic loss of one matrix",
                                                       "Refael et al. 2024");
    studies.add<OptimizerBenchmark, OptimizerBenchmarkOptions>(
        "optimizer_benchmark", "profiles of optimizers without gradients over problems, seeds and noise",
        "Moré and Wild 2009");
    studies.add<RangeFinderStudy, RangeFinderStudyOptions>(
        "range_finder", "errors of randomized bases of a matrix beside their bounds", "Halko et al. 2011");
    studies.add<ProbeStudy, ProbeStudyOptions>("low_rank_probes",
                                               "how well slopes along low-rank probes estimate a gradient", "ours");
    studies.add<TransportStudy, TransportStudyOptions>("moment_transport", "what changes of basis do to second moments",
                                                       "ours");
    tasks.add<DeepMatrixFactorization, DeepMatrixFactorizationOptions>(
        "deep_matrix_factorization", "deep linear network fitted to a matrix, mode by mode",
        "Ghosh et al. 2025 (arXiv 2502.20531)");
    studies.add<Bifurcation, BifurcationOptions>("bifurcation_diagram",
                                                 "deep linear networks side by side, each with its own step size",
                                                 "Ghosh et al. 2025 (arXiv 2502.20531)");
    studies.add<ModeTheory, ModeTheoryOptions>("mode_theory",
                                               "orbits and period doublings of a mode beyond its edge of stability",
                                               "Ghosh et al. 2025 (arXiv 2502.20531)");
    studies.add<DynamicalMeanField, DynamicalMeanFieldOptions>(
        "dynamical_mean_field", "two-layer networks of any width in the limit of many samples in many dimensions",
        "Montanari and Urbani 2025 (arXiv 2502.21269)");
    tasks.add<TwoLayerNetwork, TwoLayerNetworkOptions>(
        "two_layer_network", "a two-layer network on Gaussian examples, which the mean-field equations are about",
        "Montanari and Urbani 2025 (arXiv 2502.21269)");
    studies.add<GaussianNetwork, GaussianNetworkOptions>(
        "gaussian_network", "descent on the Gaussian model of two-layer networks beside its mean-field equations",
        "Montanari and Urbani 2025 (arXiv 2502.21269)");
    studies.add<MeanFieldLimit, MeanFieldLimitOptions>(
        "mean_field_limit",
        "limits of large two-layer networks at one scale of time, in closed form or as small systems",
        "Montanari and Urbani 2025 (arXiv 2502.21269)");
    studies.add<InterpolationThreshold, InterpolationThresholdOptions>(
        "interpolation_threshold", "how many samples gradient flow interpolates, by the times that it takes",
        "Montanari and Urbani 2025 (arXiv 2502.21269)");
    tasks.add<InContextRegression, InContextRegressionOptions>(
        "in_context_regression", "linear regression from the examples of a prompt, by chain of thought or at once",
        "Huang, Wang and Lee 2025; Garg et al. 2022");
    tasks.add<LanguageModeling, LanguageModelingOptions>("language_modeling",
                                                         "a decoder predicts the next token of a text", "standard");
    tasks.add<ComparisonFactorization, ComparisonFactorizationOptions>("comparison_factorization",
                                                                       "factors of users and items from comparisons",
                                                                       "Sankagiri et al. 2025 (arXiv 2502.20033)");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
