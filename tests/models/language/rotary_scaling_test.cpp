#include "models/language/rotary_scaling.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace talweg::models {
namespace {

/// Frequencies of a head of 16 numbers beside those of the reference implementation, which computes them in float32.
void expect_frequencies(double base, const RotaryScaling& scaling, const std::vector<double>& reference) {
  const std::vector<double> found = rotary_frequencies(base, 16, scaling);
  ASSERT_EQ(found.size(), reference.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i] / reference[i], 1, 4e-7) << i;
}

TEST(RotaryScaling, EqualsTheReferenceImplementation) {
  expect_frequencies(10000, LinearRotaryScaling{4},
                     {0.25, 0.07905694097280502, 0.02500000037252903, 0.007905694656074047, 0.0024999999441206455,
                      0.0007905694656074047, 0.0002500000118743628, 7.905694656074047e-05});
  expect_frequencies(10000, Llama3RotaryScaling{8, 1, 4, 256},
                     {1.0, 0.3162277638912201, 0.10000000149011612, 0.006613106932491064, 0.0012499999720603228,
                      0.00039528473280370235, 0.0001250000059371814, 3.9528473280370235e-05});
  expect_frequencies(10000, ListedRotaryScaling{{1, 1, 1.5, 2, 3, 4, 8, 8}},
                     {1.0, 0.3162277638912201, 0.06666667014360428, 0.015811389312148094, 0.0033333334140479565,
                      0.0007905694656074047, 0.0001250000059371814, 3.9528473280370235e-05});
}

TEST(RotaryScaling, WithoutOneTheyArePowersOfTheBase) {
  EXPECT_EQ(rotary_frequencies(100, 4, {}), (std::vector<double>{1, 0.1}));
}

TEST(RotaryScaling, ListsOfAnotherLengthAreRefused) {
  EXPECT_THROW(rotary_frequencies(100, 4, ListedRotaryScaling{{1}}), ConfigError);
  EXPECT_THROW(rotary_frequencies(100, 4, ListedRotaryScaling{{1, 0}}), ConfigError);
}

}  // namespace
}  // namespace talweg::models
