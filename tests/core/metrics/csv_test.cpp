#include "core/metrics/csv.h"

#include <gtest/gtest.h>

#include <cmath>

namespace talweg::metrics {
namespace {

TEST(Csv, HasARowAStepAndAColumnAMetric) {
  EXPECT_EQ(csv_of({{0, 0.5, 0, {{"eval/loss", 2}}},
                    {10, 1.5, 0.25, {{"train/loss", 1.5}}},
                    {10, 1.75, 0.25, {{"eval/loss", NAN}, {"a, \"b\"", 1e-9}}}}),
            "step,epoch,seconds,eval/loss,train/loss,\"a, \"\"b\"\"\"\n"
            "0,0,0.5,2,,\n"
            "10,0.25,1.5,nan,1.5,1e-09\n");
  EXPECT_EQ(csv_of({}), "step,epoch,seconds\n");
}

}  // namespace
}  // namespace talweg::metrics
