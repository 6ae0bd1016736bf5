#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "core/random/random_streams.h"
#include "tasks/triplets/triplets.h"

namespace talweg::tasks {

/// Users as examples, each with at most `most` of their comparisons, drawn at random where there are more: {users [k],
/// first, second, labels, weights [k, most]}. Weights are 0 where a user has fewer, and scaled so that the mean over
/// users of mean losses of rows is the mean over all comparisons that have a part. `t` is by ascending user.
std::vector<at::Tensor> user_examples(const Triplets& t, std::int64_t most, RandomGenerator random);

/// The comparisons of a batch of user_examples(), row after row.
Triplets flattened(const std::vector<at::Tensor>& examples);

}  // namespace talweg::tasks
