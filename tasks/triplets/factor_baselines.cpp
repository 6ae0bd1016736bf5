#include "tasks/triplets/factor_baselines.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "core/libtorch.h"
#include "core/random/seeded_normals.h"

namespace talweg::tasks {
namespace {

constexpr double kRate = 0.05, kDecay = 0.01;

/// Factors that stochastic descent moves one example at a time: rows of rank numbers and a bias.
class DescendingFactors {
 public:
  DescendingFactors(const ComparisonData& data, std::int64_t rank, const RandomStreams& streams)
      : rank_(rank),
        users_(seeded_normals({data.users, rank + 1}, streams.seed_of("baseline users")) * 0.1),
        items_(seeded_normals({data.items, rank + 1}, streams.seed_of("baseline items")) * 0.1) {
    users_.select(1, rank).fill_(1);
    items_.select(1, rank).zero_();
  }
  double* user(std::int64_t u) { return users_.mutable_data_ptr<double>() + u * (rank_ + 1); }
  double* item(std::int64_t i) { return items_.mutable_data_ptr<double>() + i * (rank_ + 1); }
  double utility(std::int64_t u, std::int64_t i) {
    double sum = 0;
    for (std::int64_t c = 0; c <= rank_; ++c) sum += user(u)[c] * item(i)[c];
    return sum;
  }
  /// A step against residual·∇x_{u,i}; `of_user` gets the user's, which is applied later.
  void move_item(std::int64_t u, std::int64_t i, double residual, std::vector<double>& of_user) {
    for (std::int64_t c = 0; c <= rank_; ++c) {
      of_user[static_cast<std::size_t>(c)] += residual * item(i)[c];
      item(i)[c] -= kRate * (residual * user(u)[c] + kDecay * item(i)[c]);
    }
  }
  void move_user(std::int64_t u, const std::vector<double>& by) {
    for (std::int64_t c = 0; c < rank_; ++c)
      user(u)[c] -= kRate * (by[static_cast<std::size_t>(c)] + kDecay * user(u)[c]);
  }
  UtilityRows rows() const { return {users_, items_}; }

 private:
  std::int64_t rank_;
  at::Tensor users_, items_;
};

double logistic(double z) {
  return 1 / (1 + std::exp(-z));
}

/// Calls `step` with the index of every comparison in a new order for each pass.
template <class Step>
void descend(const Triplets& t, const RandomStreams& streams, const char* name, Step&& step) {
  const std::int64_t m = t.labels.size(0);
  const auto steps = static_cast<std::int64_t>(std::min(20.0 * static_cast<double>(m), 2e7));
  for (std::int64_t pass = 0, done = 0; done < steps; ++pass)
    for (const std::int64_t k : random_permutation(m, streams.generator(name, static_cast<std::uint64_t>(pass)))) {
      if (done++ == steps) break;
      step(k);
    }
}

}  // namespace

UtilityRows bayesian_personalised_ranking(const ComparisonData& data, std::int64_t rank, const RandomStreams& streams) {
  const Triplets& t = data.training;
  const std::int32_t *users = t.users.const_data_ptr<std::int32_t>(), *first = t.first.const_data_ptr<std::int32_t>(),
                     *second = t.second.const_data_ptr<std::int32_t>();
  const double* labels = t.labels.const_data_ptr<double>();
  const auto winner = [&](std::int64_t k) { return labels[k] >= 0.5 ? first[k] : second[k]; };
  std::unordered_set<std::int64_t> likes;
  for (std::int64_t k = 0; k < t.labels.size(0); ++k) likes.insert(users[k] * data.items + winner(k));
  DescendingFactors factors(data, rank, streams);
  RandomGenerator random = streams.generator("baseline negatives");
  std::vector<double> of_user(static_cast<std::size_t>(rank) + 1);
  descend(t, streams, "baseline order", [&](std::int64_t k) {
    const std::int64_t u = users[k], liked = winner(k);
    const auto other = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(data.items)));
    if (likes.contains(u * data.items + other)) return;
    const double residual = -logistic(factors.utility(u, other) - factors.utility(u, liked));
    std::fill(of_user.begin(), of_user.end(), 0);
    factors.move_item(u, liked, residual, of_user);
    factors.move_item(u, other, -residual, of_user);
    factors.move_user(u, of_user);
  });
  return factors.rows();
}

UtilityRows logistic_matrix_factorisation(const ComparisonData& data, std::int64_t rank, const RandomStreams& streams) {
  const Triplets& t = data.training;
  const std::int32_t *users = t.users.const_data_ptr<std::int32_t>(), *first = t.first.const_data_ptr<std::int32_t>(),
                     *second = t.second.const_data_ptr<std::int32_t>();
  const double* labels = t.labels.const_data_ptr<double>();
  DescendingFactors factors(data, rank, streams);
  std::vector<double> of_user(static_cast<std::size_t>(rank) + 1), bias(static_cast<std::size_t>(data.users));
  descend(t, streams, "baseline order", [&](std::int64_t k) {
    const std::int64_t u = users[k];
    double& user_bias = bias[static_cast<std::size_t>(u)];
    for (const auto& [item, liked] : {std::pair{first[k], labels[k]}, std::pair{second[k], 1 - labels[k]}}) {
      const double residual = logistic(factors.utility(u, item) + user_bias) - liked;
      std::fill(of_user.begin(), of_user.end(), 0);
      factors.move_item(u, item, residual, of_user);
      factors.move_user(u, of_user);
      user_bias -= kRate * (residual + kDecay * user_bias);
    }
  });
  return factors.rows();
}

}  // namespace talweg::tasks
