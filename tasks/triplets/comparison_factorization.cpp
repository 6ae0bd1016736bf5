#include "tasks/triplets/comparison_factorization.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/io/content_key.h"
#include "core/libtorch.h"
#include "core/random/seeded_normals.h"
#include "tasks/triplets/baselines.h"
#include "tasks/triplets/factor_errors.h"

namespace talweg::tasks {
namespace {

Triplets triplets_of(const data::Batch& batch) {
  return {batch.tensors[0], batch.tensors[1], batch.tensors[2], batch.tensors[3], {}};
}

}  // namespace

void declare(config::Fields& f, ComparisonFactorizationOptions& o) {
  f("data", o.data, "who preferred what to what");
  f("rank", o.rank, "r: factors of a user and of an item", config::at_least(1));
  f("balance", o.balance, "lambda, weight of ‖UᵀU − VᵀV‖²/4, in units of gamma = 2/(users·(items − 1))",
    config::at_least(0));
  f("user_decay", o.user_decay, "precision of a normal prior on the users' factors", config::at_least(0));
  f("item_decay", o.item_decay, "precision of a normal prior on the items' factors", config::at_least(0));
  f("initial_scale", o.initial_scale, "deviation of the factors at the start", config::above(0));
}

ComparisonFactorization::ComparisonFactorization(const ComparisonFactorizationOptions& options,
                                                 const TaskContext& context)
    : options_(options), data_(options.data.create(context.streams)) {
  if (data_.items < 2) throw DataError("the comparisons name one item; at least two are needed");
  if (options.rank > std::min(data_.users, data_.items))
    throw ConfigError(fmt::format("task.rank: {} is larger than the matrix of {} users and {} items allows",
                                  options.rank, data_.users, data_.items));
  gamma_ = 2 / (static_cast<double>(data_.users) * static_cast<double>(data_.items - 1));
  const at::TensorOptions where = at::TensorOptions(context.device).dtype(context.dtype);
  const auto start = [&](std::int64_t rows, const char* name) {
    return seeded_normals({rows, options.rank}, context.streams.seed_of(name)) * options.initial_scale;
  };
  const at::Tensor items = start(data_.items, "initial items");
  users_ = module_.register_parameter("users", start(data_.users, "initial users").to(where));
  items_ = module_.register_parameter("items", (items - items.mean(0, true)).to(where));
  const Triplets& t = data_.training;
  training_ = std::make_unique<data::TensorDataset>(std::vector<at::Tensor>{
      t.users.to(context.device), t.first.to(context.device), t.second.to(context.device), t.labels.to(where)});
}

at::Tensor ComparisonFactorization::regulariser() const {
  at::Tensor sum = at::zeros({}, users_.options().requires_grad(false));
  if (options_.balance > 0)
    sum = sum + (users_.t().mm(users_) - items_.t().mm(items_)).square().sum() * (options_.balance * gamma_ / 4);
  const double half = 0.5 / static_cast<double>(training_->size());
  if (options_.user_decay > 0) sum = sum + users_.square().sum() * (options_.user_decay * half);
  if (options_.item_decay > 0) sum = sum + items_.square().sum() * (options_.item_decay * half);
  return sum;
}

at::Tensor ComparisonFactorization::loss(const data::Batch& batch) {
  return triplet_loss(users_, items_, triplets_of(batch)) + regulariser();
}

at::Tensor ComparisonFactorization::example_losses(const data::Batch& batch) {
  const Triplets t = triplets_of(batch);
  // Rows by embedding(), whose gradients of single examples are known without forming each.
  const at::Tensor difference = at::embedding(items_, t.first) - at::embedding(items_, t.second);
  const at::Tensor z = (at::embedding(users_, t.users) * difference).sum(1);
  return comparison_losses(z, t) + regulariser();
}

Metrics ComparisonFactorization::evaluate() {
  const at::Tensor users = users_.detach().to(at::kCPU, at::kDouble), items = items_.detach().to(at::kCPU, at::kDouble);
  const Triplets& held_out = data_.evaluation;
  if (baselines_.empty()) baselines_ = evaluate_baselines();
  Metrics metrics = baselines_;
  const at::Tensor z = triplet_margins(users, items, held_out);
  metrics.emplace_back("loss", triplet_loss(users, items, held_out).item<double>());
  if (const double area = area_under_curve(z, held_out.labels); std::isfinite(area)) metrics.emplace_back("auc", area);
  if (const double share = sign_accuracy(z, held_out.labels); std::isfinite(share))
    metrics.emplace_back("accuracy", share);
  const at::Tensor of_users = users.t().mm(users);
  const at::Tensor imbalance =
      at::linalg_vector_norm(of_users - items.t().mm(items)) / at::linalg_vector_norm(of_users);
  metrics.emplace_back("imbalance", imbalance.item<double>());
  if (!data_.truth) return metrics;
  metrics.emplace_back("matrix_error", matrix_error(users, items, *data_.truth));
  if (data_.truth->users.size(1) == options_.rank)
    metrics.emplace_back("factor_error", factor_error(users, items, *data_.truth));
  return metrics;
}

Metrics ComparisonFactorization::evaluate_baselines() const {
  const Triplets& held_out = data_.evaluation;
  const at::Tensor one = at::ones({data_.users, 1}, at::kDouble);
  const auto accuracy = [&](const at::Tensor& strengths) {
    return sign_accuracy(triplet_margins(one, strengths, held_out), held_out.labels);
  };
  const at::Tensor popular = popularity(data_.training, data_.items).unsqueeze(1),
                   strengths = bradley_terry_strengths(data_.training, data_.items, 1).unsqueeze(1);
  Metrics metrics{{"bradley_terry_loss", triplet_loss(one, strengths, held_out).item<double>()}};
  if (!(held_out.labels != 0.5).any().item<bool>()) return metrics;
  metrics.emplace_back("popularity_accuracy", accuracy(popular));
  metrics.emplace_back("bradley_terry_accuracy", accuracy(strengths));
  return metrics;
}

std::vector<std::string> ComparisonFactorization::uses_of_data() const {
  std::vector<std::string> uses{
      "The ids of users and items that compared or were compared, and how many there are: fix them beforehand, on "
      "public lists.",
      "The models of Bradley and Terry and of popularity were made from the training comparisons without noise, and "
      "metrics of them are published: keep the metrics."};
  if (data_.splits_evaluation)
    uses.push_back(
        "The evaluation comparisons were split off the same data, and metrics of them are published without noise: "
        "keep the metrics, or give public comparisons to evaluate on ('evaluation_path').");
  if (options_.user_decay > 0 || options_.item_decay > 0)
    uses.push_back("The number of comparisons scales the decays.");
  if (!data_.truth)
    uses.push_back("A user who made several comparisons is several examples: the unit is a comparison.");
  return uses;
}

nlohmann::json ComparisonFactorization::data_description() const {
  const auto key = [](std::int64_t count, const std::vector<std::string>& ids) {
    return fmt::format("{} {}", count, io::content_key(nlohmann::json(ids).dump()));
  };
  return {{"users", key(data_.users, data_.user_ids)}, {"items", key(data_.items, data_.item_ids)}};
}

std::string ComparisonFactorization::announcement() const {
  const std::int64_t r = options_.rank, freedom = r * (data_.users + data_.items) - r * r - r, m = training_->size();
  return fmt::format("{} comparisons of {} items by {} users: {:.2f} for each of {} degrees of freedom{}", m,
                     data_.items, data_.users, static_cast<double>(m) / static_cast<double>(freedom), freedom,
                     m < freedom ? "; the factors are not determined by the data" : "");
}

std::optional<std::int64_t> ComparisonFactorization::index_of_user(const std::string& user) const {
  if (!data_.user_ids.empty()) {
    const auto found = std::find(data_.user_ids.begin(), data_.user_ids.end(), user);
    if (found == data_.user_ids.end()) return std::nullopt;
    return found - data_.user_ids.begin();
  }
  std::int64_t index = -1;
  const auto [end, status] = std::from_chars(user.data(), user.data() + user.size(), index);
  const bool known = status == std::errc() && end == user.data() + user.size() && index >= 0 && index < data_.users;
  return known ? std::optional(index) : std::nullopt;
}

std::vector<ComparisonFactorization::Recommendation> ComparisonFactorization::recommend(const std::string& user,
                                                                                        std::int64_t count) const {
  const torch::NoGradGuard no_grad;
  const std::optional<std::int64_t> index = index_of_user(user);
  const at::Tensor users = users_.to(at::kCPU, at::kDouble), items = items_.to(at::kCPU, at::kDouble);
  const at::Tensor factors = index ? users[*index] : users.mean(0);
  const at::Tensor utilities = (items - items.mean(0, true)).mv(factors);
  const auto [best, which] = utilities.topk(std::min(count, data_.items));
  std::vector<Recommendation> list;
  for (std::int64_t k = 0; k < best.size(0); ++k) {
    const auto item = which[k].item<std::int64_t>();
    list.push_back({data_.item_ids.empty() ? std::to_string(item) : data_.item_ids[static_cast<std::size_t>(item)],
                    best[k].item<double>()});
  }
  return list;
}

}  // namespace talweg::tasks
