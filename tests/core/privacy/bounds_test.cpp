#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/privacy/accountant.h"
#include "core/privacy/attack_estimate.h"
#include "core/privacy/bounded_chain.h"
#include "core/privacy/hidden_state.h"
#include "core/privacy/mixture_divergence.h"
#include "core/privacy/published_bounds.h"
#include "core/privacy/without_replacement_rdp.h"

namespace talweg::privacy {
namespace {

const BoundSetting kFigure1{
    .smoothness = 1, .clip_norm = 2, .noise = 4, .diameter = 1, .examples = 8, .batch = 2, .learning_rate = 0.2};

TEST(PublishedBounds, Figure1) {
  // At order 1.1: feldman, composition, altschuler_talwar, kong_ribero, bounded domain.
  const double table[][6] = {{10, 1.375, 0.34375, 0.34375, 2.26857, 0.34375},
                             {50, 6.875, 1.71875, 0.6875, 2.26857, 1.684375},
                             {200, 27.5, 6.875, 0.6875, 2.26857, 1.684375}};
  for (const auto& [steps, feldman, composition, altschuler, kong, ours] : table) {
    EXPECT_NEAR(1.1 * feldman_bound(kFigure1, steps), feldman, 1e-9);
    EXPECT_NEAR(1.1 * composition_bound(kFigure1, steps), composition, 1e-9);
    EXPECT_NEAR(1.1 * altschuler_talwar_bound(kFigure1, steps), altschuler, 1e-9);
    EXPECT_NEAR(1.1 * kong_ribero_bound(kFigure1, 1), kong, 1e-5);
    EXPECT_NEAR(1.1 * bounded_domain_bound(kFigure1, steps), ours, 1e-9);
  }
  EXPECT_NEAR(saturation_step(kFigure1), 49, 1e-9);
  EXPECT_NEAR(best_noise_split(kFigure1), 1 / 7.0, 1e-12);
}

TEST(PublishedBounds, Figures2And5) {
  BoundSetting s = kFigure1;
  s.examples = 16;
  EXPECT_NEAR(1.1 * bounded_domain_bound(s, 1), 0.0171875, 1e-9);
  EXPECT_NEAR(1.1 * bounded_domain_bound(s, 1e9), 1.546369, 1e-6);
  EXPECT_NEAR(saturation_step(s), 89.9706, 1e-4);
  EXPECT_NEAR(1.1 * trivial_bound_of_figure(s), 4.95, 0.005);
  EXPECT_NEAR(1.1 * trivial_bound(s), 2.2, 1e-9);
  const BoundSetting network{.smoothness = 0.1,
                             .clip_norm = 20,
                             .noise = 0.002,
                             .diameter = 20,
                             .examples = 10000,
                             .batch = 100,
                             .learning_rate = 0.1};
  EXPECT_NEAR(1.1 * unbounded_domain_bound(network, 1), 220, 1e-9);
  EXPECT_NEAR(1.1 * bounded_domain_bound(network, 1e12) / 5.61277e9, 1, 1e-5);
  EXPECT_NEAR(saturation_step(network) / 2.55126e7, 1, 1e-5);
}

TEST(PublishedBounds, NoSplitOfTheNoiseIsBetterThanTheClosedForm) {
  // The theorem as it is printed, by brute force over β.
  const BoundSetting& s = kFigure1;
  double best = INFINITY;
  for (double beta = 1e-5; beta < 1; beta += 1e-5) {
    const double first = 2 * s.clip_norm * s.clip_norm / (beta * s.examples * s.batch * s.noise * s.noise);
    const double reach = (1 + s.learning_rate * s.smoothness) * s.diameter / s.learning_rate;
    best = std::min(best, first + reach * reach / (2 * s.noise * s.noise * (1 - beta)));
  }
  EXPECT_NEAR(best, bounded_domain_bound(s, 1e9), 1e-9);
}

TEST(PublishedBounds, MonotoneInEveryQuantity) {
  const auto value = [](auto change, double steps) {
    BoundSetting s = kFigure1;
    change(s);
    return bounded_domain_bound(s, steps);
  };
  for (const double steps : {5.0, 49.0, 500.0}) {
    const double here = bounded_domain_bound(kFigure1, steps);
    EXPECT_GE(bounded_domain_bound(kFigure1, steps + 1), here);
    EXPECT_GE(value([](BoundSetting& s) { s.diameter *= 1.1; }, steps), here);
    EXPECT_GE(value([](BoundSetting& s) { s.smoothness *= 1.1; }, steps), here);
    EXPECT_GT(value([](BoundSetting& s) { s.clip_norm *= 1.1; }, steps), here);
    EXPECT_LT(value([](BoundSetting& s) { s.noise *= 1.1; }, steps), here);
  }
}

TEST(HiddenState, AbsorbingTheShiftOverSeveralStepsIsCheaper) {
  EXPECT_NEAR(absorbed_shift(3, 1.2, 1), 1.44 * 9, 1e-12) << "one step pays the whole expanded diameter";
  EXPECT_NEAR(absorbed_shift(3, 1, 5), 9 / 5.0, 1e-12);
  EXPECT_NEAR(absorbed_shift(3, 1 + 1e-9, 5), 9 / 5.0, 1e-6);
  // With the published average b/n in the first term the best number of steps at figure 1 is 4.
  const BoundSetting& s = kFigure1;
  double best = INFINITY;
  int best_steps = 0;
  for (int k = 1; k < 50; ++k) {
    const double shift = absorbed_shift(s.diameter, 1 + s.learning_rate * s.smoothness, k) /
                         (2 * s.learning_rate * s.learning_rate * s.noise * s.noise);
    const double value = std::pow(std::sqrt(unbounded_domain_bound(s, k)) + std::sqrt(shift), 2);
    if (value < best) {
      best = value;
      best_steps = k;
    }
  }
  EXPECT_NEAR(1.1 * best, 1.150785, 1e-6);
  EXPECT_EQ(best_steps, 4);
}

Mechanism chain_mechanism(const BoundedChain::Setting& s) {
  return {.sampling = Sampling::shuffle,
          .sampling_rate = 1,
          .noise_multiplier = s.noise * s.examples / s.clip_norm,
          .clip_norm = s.clip_norm,
          .batch_size = s.examples,
          .learning_rate = s.learning_rate,
          .domain = BoundedDomain{.radius = s.radius, .smoothness = s.smoothness}};
}

TEST(BoundedChain, KnownDivergencesBelowTheCertificate) {
  const BoundedChain::Setting a{
      .smoothness = 1, .clip_norm = 2, .noise = 4, .radius = 0.5, .examples = 8, .learning_rate = 0.2};
  const BoundedChain::Setting b{
      .smoothness = 1, .clip_norm = 2, .noise = 1, .radius = 1, .examples = 8, .learning_rate = 0.05};
  struct Known {
    const BoundedChain::Setting* setting;
    double order;
    int steps;
    double value;
  };
  const Known table[] = {{&a, 1.1, 1, 0.00745}, {&a, 1.1, 10, 0.02044}, {&a, 1.1, 60, 0.02048}, {&a, 1.1, 200, 0.02048},
                         {&a, 4, 1, 0.02662},   {&a, 4, 10, 0.07061},   {&a, 4, 200, 0.07073},  {&b, 1.1, 1, 0.1375},
                         {&b, 1.1, 10, 1.3545}, {&b, 1.1, 50, 3.527},   {&b, 1.1, 200, 3.056},  {&b, 2, 1, 0.25},
                         {&b, 2, 10, 2.4625},   {&b, 2, 50, 4.020},     {&b, 2, 200, 3.271}};
  for (const BoundedChain::Setting* setting : {&a, &b}) {
    BoundedChain chain(*setting, 241);
    const Mechanism mechanism = chain_mechanism(*setting);
    for (int step = 1; step <= 200; ++step) {
      chain.step();
      const double bound = shuffle_bounded_bound(mechanism, step).divergence;
      for (const double order : {1.1, 2.0, 4.0}) EXPECT_LE(chain.divergence(order), bound * order * (1 + 1e-9)) << step;
      for (const Known& known : table)
        if (known.setting == setting && known.steps == step) {
          EXPECT_NEAR(chain.divergence(known.order) / known.value, 1, 0.01) << known.order << " after " << step;
        }
    }
    double sum = 0;
    for (const double mass : chain.law()) sum += mass;
    EXPECT_NEAR(sum, 1, 1e-9);
  }
}

TEST(MixtureDivergence, ThePublishedFactorIsNoCertificateForRandomBatches) {
  // n = 1000, b = 10, C = 1, σ = 0.05: q = 0.01 and s = σb/C = 0.5.
  const double table[][2] = {{1.1, 0.0026935}, {2, 0.0071254}, {4, 1.8719}, {8, 10.747}, {16, 27.098}};
  const BoundSetting s{.clip_norm = 1, .noise = 0.05, .examples = 1000, .batch = 10};
  for (const auto& [order, exact] : table) {
    const double divergence = mixture_divergence(0.01, 0.5, order);
    EXPECT_NEAR(divergence / exact, 1, 0.01) << order;
    EXPECT_EQ(divergence > order * unbounded_domain_bound(s, 1), order > 3) << order;
    EXPECT_GE(without_replacement_rdp(0.01, 0.25, order), divergence) << order;
  }
}

TEST(HiddenState, UsesAreCountedByEpochs) {
  Mechanism m{.sampling = Sampling::shuffle, .sampling_rate = 1 / 7.0, .noise_multiplier = 1};
  EXPECT_EQ(uses_of_one_example(m, 7), 1);
  EXPECT_EQ(uses_of_one_example(m, 8), 2);
  EXPECT_EQ(uses_of_one_example(m, 700), 100);
  EXPECT_EQ(uses_of_one_example(m, 2, 6), 2) << "the last step of one epoch and the first of the next";
  EXPECT_EQ(uses_of_one_example(m, 7, 7), 1);
}

TEST(HiddenState, SaturatesAndStaysBelowComposition) {
  const BoundedChain::Setting a{
      .smoothness = 1, .clip_norm = 2, .noise = 4, .radius = 0.5, .examples = 8, .learning_rate = 0.2};
  Mechanism m = chain_mechanism(a);
  double before = 0;
  for (const std::int64_t steps : {1, 5, 20, 100, 400, 100000}) {
    const double bound = shuffle_bounded_bound(m, steps).divergence;
    EXPECT_GE(bound, before);
    EXPECT_LE(bound, static_cast<double>(steps) * 2 / (m.noise_multiplier * m.noise_multiplier) * (1 + 1e-12));
    before = bound;
  }
  EXPECT_EQ(shuffle_bounded_bound(m, 100).divergence, shuffle_bounded_bound(m, 100000).divergence);
  m.sampling = Sampling::uniform;
  m.sampling_rate = 0.25;
  const double short_run = without_replacement_bounded_bound(m, 10, 4).divergence,
               long_run = without_replacement_bounded_bound(m, 100000, 4).divergence;
  EXPECT_LT(short_run, long_run);
  EXPECT_EQ(long_run, without_replacement_bounded_bound(m, 1000000, 4).divergence);
  EXPECT_LE(short_run, 10 * without_replacement_rdp(0.25, m.noise_multiplier / 2, 4));
}

/// What k steps pay for the diameter that two runs may lie apart before them: (b/(ηsC))²/2 times the least Σ a_i² of
/// shifts with Σ c^(k−i)·a_i = c^k·D, by Cauchy and Schwarz, summed term by term.
double shift_by_terms(const Mechanism& m, int k) {
  const double c = 1 + m.learning_rate * *m.domain->smoothness, diameter = 2 * m.domain->radius;
  double powers = 0;
  for (int i = 0; i < k; ++i) powers += std::pow(c, 2 * i);
  const double noise = m.learning_rate * m.noise_multiplier * m.clip_norm / m.batch_size;  // of a step
  return diameter * diameter * std::pow(c, 2 * k) / powers / (2 * noise * noise);
}

/// No unit is 1, and an epoch has seven steps.
Mechanism seven_steps() {
  return {.sampling = Sampling::shuffle,
          .sampling_rate = 1 / 7.0,
          .noise_multiplier = 3,
          .clip_norm = 0.7,
          .batch_size = 20,
          .learning_rate = 0.4,
          .domain = BoundedDomain{.radius = 0.03, .smoothness = 0.6}};
}

TEST(HiddenState, TheCertificateOfEpochsIsTheBestOfItsSplits) {
  const Mechanism m = seven_steps();
  for (const int epochs : {1, 3, 40}) {
    double best = epochs * 2 / 9.0;  // all uses, no domain
    for (int k = 1; k <= 7 * epochs; ++k) {
      const int uses = (k + 6) / 7;  // of one example in the last k steps
      best = std::min(best, std::pow(std::sqrt(uses * 2 / 9.0) + std::sqrt(shift_by_terms(m, k)), 2));
    }
    EXPECT_NEAR(shuffle_bounded_bound(m, 7 * epochs).divergence, best, 1e-12 * best) << epochs;
  }
  EXPECT_LT(shuffle_bounded_bound(m, 280).divergence, 40 * 2 / 9.0) << "the domain is of use";
}

TEST(HiddenState, TheLastStepsOfTheBestSplitAreTold) {
  const Mechanism m = seven_steps();
  const HiddenStateBound bound = shuffle_bounded_bound(m, 280);
  const auto of_split = [&](std::int64_t k) {
    return std::pow(std::sqrt((k + 6) / 7 * 2 / 9.0) + std::sqrt(shift_by_terms(m, static_cast<int>(k))), 2);
  };
  EXPECT_NEAR(of_split(bound.last_steps), bound.divergence, 1e-12 * bound.divergence);
  EXPECT_EQ(shuffle_bounded_bound(m, 5).last_steps, 5) << "composition";
  EXPECT_EQ(find_accountant("dc_shuffle").spent(Ledger(m, 280), 1e-5).last_steps, bound.last_steps);
}

TEST(HiddenState, AnEpochThatIsCutShortMayUseAnExampleOnceMore) {
  const Mechanism m = seven_steps();
  for (const int steps : {274, 279, 281, 286}) {
    const int rest = steps % 7;
    double best = INFINITY;  // over the epochs that the last k steps touch, whatever their order
    for (int k = 1; k <= steps; ++k) {
      const int touched = (rest > 0) + (std::max(0, k - rest) + 6) / 7;
      best = std::min(best, std::pow(std::sqrt(touched * 2 / 9.0) + std::sqrt(shift_by_terms(m, k)), 2));
    }
    EXPECT_GE(shuffle_bounded_bound(m, steps).divergence, best * (1 - 1e-12)) << steps;
  }
}

TEST(HiddenState, TheCertificateOfSubsetsIsTheBestOfItsSplits) {
  Mechanism m = seven_steps();
  m.sampling = Sampling::uniform;
  for (const double order : {2.0, 8.0})
    for (const int steps : {3, 200}) {
      double best = steps * without_replacement_rdp(1 / 7.0, 1.5, order);  // replacing one moves the sum by 2C
      for (int part = 1; part < 32; ++part) {
        const double share = part / 32.0, per_step = without_replacement_rdp(1 / 7.0, 1.5 * std::sqrt(share), order);
        for (int k = 1; k <= steps; ++k)
          best = std::min(best, k * per_step + order * shift_by_terms(m, k) / (1 - share));
      }
      EXPECT_NEAR(without_replacement_bounded_bound(m, steps, order).divergence, best, 1e-12 * best)
          << order << ", " << steps;
    }
  EXPECT_LT(without_replacement_bounded_bound(m, 200, 2).divergence, 200 * without_replacement_rdp(1 / 7.0, 1.5, 2));
}

TEST(PublishedBounds, ASplitOfTheNoiseIsThatOfTheTheorem) {
  const BoundSetting& s = kFigure1;
  for (const double beta : {0.2, 0.5, 0.9}) {
    const double first = 2 * s.clip_norm * s.clip_norm / (beta * s.examples * s.batch * s.noise * s.noise);
    const double reach = (1 + s.learning_rate * s.smoothness) * s.diameter / s.learning_rate;
    const double expected = first + reach * reach / (2 * s.noise * s.noise * (1 - beta));
    EXPECT_NEAR(flat_bound_at_split(s, beta), expected, 1e-12 * expected) << beta;
  }
}

TEST(AttackEstimate, FromErrorRates) {
  EXPECT_NEAR(attack_epsilon(0.2, 0.3, 1e-5), 1.25275, 1e-5);
  EXPECT_NEAR(attack_epsilon(0.3, 0.2, 1e-5), 1.25275, 1e-5);
  EXPECT_EQ(attack_epsilon(0.5, 0.5, 1e-5), 0) << "guessing";
  EXPECT_TRUE(std::isinf(attack_epsilon(0, 0.5, 1e-5)));
}

}  // namespace
}  // namespace talweg::privacy
