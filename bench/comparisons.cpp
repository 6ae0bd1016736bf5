// Value and gradient of the mean logistic loss over two million comparisons, by way of autograd as a task makes it,
// with one thread and two. Prints JSON: {"kernel": {"r3 float64": {"1": comparisons a second, "2": …}, …}}, the best of
// seven rounds.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "core/libtorch.h"
#include "core/random/random_streams.h"
#include "tasks/triplets/synthetic_comparisons.h"
#include "tasks/triplets/triplet_loss.h"

namespace {

using namespace talweg;
using namespace talweg::tasks;

constexpr std::int64_t kUsers = 2000, kItems = 3000, kComparisons = 2'000'000;

template <class Call>
double most_per_second(Call&& call) {
  double most = 0;
  for (int round = 0; round < 7; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 3; ++i) call();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    most = std::max(most, 3 * static_cast<double>(kComparisons) / took.count());
  }
  return most;
}

}  // namespace

int main() {
  nlohmann::json answer;
  for (const std::int64_t rank : {3, 32}) {
    const ComparisonData data = synthetic_comparisons(
        {.users = kUsers, .items = kItems, .rank = rank, .comparisons = kComparisons, .evaluation_comparisons = 1},
        RandomStreams(1));
    for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
      Triplets t = data.training;
      t.labels = t.labels.to(type);
      at::Tensor users = data.truth->users.to(type).requires_grad_(),
                 items = data.truth->items.to(type).requires_grad_();
      for (const int threads : {1, 2}) {
        at::set_num_threads(threads);
        answer["kernel"][fmt::format("r{} {}", rank, type == at::kDouble ? "float64" : "float32")]
              [std::to_string(threads)] = most_per_second([&] {
                users.mutable_grad() = at::Tensor();
                items.mutable_grad() = at::Tensor();
                triplet_loss(users, items, t).backward();
              });
      }
    }
  }
  fmt::print("{}\n", answer.dump(1));
}
