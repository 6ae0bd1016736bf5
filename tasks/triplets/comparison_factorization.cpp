#include "tasks/triplets/comparison_factorization.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/io/content_key.h"
#include "core/libtorch.h"
#include "tasks/triplets/factor_files.h"
#include "tasks/triplets/identifiability.h"
#include "tasks/triplets/margin_ray.h"
#include "tasks/triplets/ranking_metrics.h"
#include "tasks/triplets/triplet_loss.h"
#include "tasks/triplets/user_examples.h"

namespace talweg::tasks {
namespace {

Triplets triplets_of(const data::Batch& batch) {
  const std::vector<at::Tensor>& t = batch.tensors;
  if (t[1].dim() == 2) return flattened(t);
  return {t[0], t[1], t[2], t[3], t.size() > 4 ? t[4] : at::Tensor()};
}

}  // namespace

void declare(config::Fields& f, ComparisonFactorizationOptions& o) {
  f("data", o.data, "who preferred what to what");
  declare(f, static_cast<FactorModelOptions&>(o));
  f("balance", o.balance, "lambda, weight of ‖UᵀU − VᵀV‖²/4, in units of gamma = 2/(users·(items − 1))",
    config::at_least(0));
  f("user_decay", o.user_decay, "precision of a normal prior on the users' factors", config::at_least(0));
  f("item_decay", o.item_decay, "precision of a normal prior on the items' factors", config::at_least(0));
  f("incoherence", o.incoherence,
    "mu: rows are kept shorter than (4/3)·sqrt(mu/(users + items)) of all factors at the start, and items centred "
    "(default: no projection)",
    config::above(0));
  f("example", o.example, "what a batch counts, and whose gradient a private optimizer clips");
  f("comparisons_per_user", o.comparisons_per_user, "of a user that have a part where users are the examples",
    config::at_least(1));
  f("baselines", o.baselines, "train models without comparisons or without users beside it");
  f("ranking_cutoff", o.ranking_cutoff, "items of a ranking that 'ndcg' and 'hit_rate' look at", config::at_least(1));
}

ComparisonFactorization::ComparisonFactorization(const ComparisonFactorizationOptions& options,
                                                 const TaskContext& context)
    : options_(options), streams_(context.streams), data_(options.data.create(context.streams)) {
  if (data_.items < 2) throw DataError("the comparisons name one item; at least two are needed");
  if (options.rank > std::min(data_.users, data_.items))
    throw ConfigError(fmt::format("task.rank: {} is larger than the matrix of {} users and {} items allows",
                                  options.rank, data_.users, data_.items));
  if (!data_.summary) data_.summary.emplace(data_.users, data_.items).add(data_.training);
  gamma_ = sampling_scale(data_);
  model_ = std::make_shared<FactorModel>(options, data_, context);
  if (options.incoherence) {
    const double whole = std::hypot(at::linalg_vector_norm(model_->users).item<double>(),
                                    at::linalg_vector_norm(model_->items).item<double>());
    longest_row_ = 4.0 / 3 * std::sqrt(*options.incoherence / static_cast<double>(data_.users + data_.items)) * whole;
  }
  if (!data_.relevance.gains.defined()) data_.relevance = relevance_of(data_.evaluation, data_.items);
  training_ = training_examples(context);
}

std::unique_ptr<data::Dataset> ComparisonFactorization::training_examples(const TaskContext& context) const {
  const Triplets& t = data_.training;
  if (data_.stored) {
    if (options_.example == ExampleUnit::user)
      throw ConfigError(
          "task.example: users as examples need their comparisons in memory, and those of comparison_arrays are not");
    return std::make_unique<StoredTriplets>(*data_.stored, data_.users, data_.items, context.dtype);
  }
  std::vector<at::Tensor> columns{t.users, t.first, t.second, t.labels};
  if (t.weights.defined()) columns.push_back(t.weights);
  if (options_.example == ExampleUnit::user)
    columns = user_examples(t, options_.comparisons_per_user, streams_.generator("comparisons of users"));
  for (at::Tensor& column : columns)
    column = column.is_floating_point() ? column.to(context.device, context.dtype) : column.to(context.device);
  return std::make_unique<data::TensorDataset>(std::move(columns));
}

at::Tensor ComparisonFactorization::regulariser() const {
  const at::Tensor &users = model_->users, &items = model_->items;
  at::Tensor sum = at::zeros({}, users.options().requires_grad(false));
  if (options_.balance > 0)
    sum = sum + (users.t().mm(users) - items.t().mm(items)).square().sum() * (options_.balance * gamma_ / 4);
  const double half = 0.5 / static_cast<double>(data_.summary->comparisons());
  if (options_.user_decay > 0) sum = sum + users.square().sum() * (options_.user_decay * half);
  if (options_.item_decay > 0) sum = sum + items.square().sum() * (options_.item_decay * half);
  return sum;
}

at::Tensor ComparisonFactorization::loss(const data::Batch& batch) {
  const UtilityRows rows = model_->rows();
  return triplet_loss(rows.users, rows.items, triplets_of(batch)) + regulariser();
}

at::Tensor ComparisonFactorization::example_losses(const data::Batch& batch) {
  const std::vector<at::Tensor>& t = batch.tensors;
  // Rows by embedding(), whose gradients of single examples are known without forming each.
  const UtilityRows rows = model_->rows_of(t[0], t[1], t[2]);
  if (t[1].dim() == 1) return comparison_losses((rows.users * rows.items).sum(1), triplets_of(batch)) + regulariser();
  const at::Tensor z = (rows.users.unsqueeze(1) * rows.items).sum(2);
  const Triplets of_users{t[0], t[1], t[2], t[3], t[4]};
  return comparison_losses(z, of_users).mean(1) + regulariser();
}

/// The regulariser at θ − η·d as a function of η alone: products of r columns, made once.
std::unique_ptr<Ray> ComparisonFactorization::ray(const data::Batch& batch, Direction direction) {
  const torch::NoGradGuard no_grad;
  const auto exact = [](const at::Tensor& t) { return t.detach().to(at::kDouble); };
  const at::Tensor u = exact(model_->users), v = exact(model_->items), a = exact(direction[0]), b = exact(direction[1]);
  const at::Tensor balance[] = {u.t().mm(u) - v.t().mm(v), u.t().mm(a) + a.t().mm(u) - v.t().mm(b) - b.t().mm(v),
                                a.t().mm(a) - b.t().mm(b)};
  const double half = 0.5 / static_cast<double>(data_.summary->comparisons()), weight = options_.balance * gamma_ / 4;
  const double of_users = options_.user_decay * half, of_items = options_.item_decay * half;
  double squares[3] = {};
  const auto dot = [](const at::Tensor& x, const at::Tensor& y) { return (x * y).sum().item<double>(); };
  if (of_users > 0 || of_items > 0) {
    squares[0] = of_users * dot(u, u) + of_items * dot(v, v);
    squares[1] = -2 * (of_users * dot(u, a) + of_items * dot(v, b));
    squares[2] = of_users * dot(a, a) + of_items * dot(b, b);
  }
  const auto rest = [=, zero = balance[0], one = balance[1], two = balance[2]](double eta) {
    const double decay = squares[0] + eta * (squares[1] + eta * squares[2]);
    return weight > 0 ? decay + weight * (zero + eta * (eta * two - one)).square().sum().item<double>() : decay;
  };
  const UtilityRows change = model_->change(direction);
  return make_margin_ray(triplets_of(batch), model_->rows(), change, rest, model_->parameters(), std::move(direction));
}

void ComparisonFactorization::project() {
  if (!options_.incoherence) return;
  const torch::NoGradGuard no_grad;
  for (at::Tensor& rows : std::vector{model_->users, model_->items})
    rows.mul_((longest_row_ / at::linalg_vector_norm(rows, 2, 1, true)).clamp_max(1));
  model_->items.sub_(model_->items.mean(0, true));
}

std::vector<std::string> ComparisonFactorization::uses_of_data() const {
  std::vector<std::string> uses{
      "The ids of users and items that compared or were compared, and how many there are: fix them beforehand, on "
      "public lists."};
  if (options_.baselines)
    uses.push_back(
        "Baselines were trained on the training comparisons without noise, and metrics of them are published: set "
        "'baselines: false'.");
  if (data_.splits_evaluation)
    uses.push_back(
        "The evaluation comparisons were split off the same data, and metrics of them are published without noise: "
        "keep the metrics, or give public comparisons to evaluate on ('evaluation_path').");
  uses.push_back("The identifiability section of summary and report counts the training comparisons: keep it.");
  if (options_.user_decay > 0 || options_.item_decay > 0)
    uses.push_back("The number of comparisons scales the decays.");
  if (options_.example == ExampleUnit::user)
    uses.push_back(
        fmt::format("An example is a user, with at most {} comparisons: the unit that is protected is a user.",
                    options_.comparisons_per_user));
  else if (!data_.truth)
    uses.push_back(
        "A user who made several comparisons is several examples: the unit that is protected is a comparison "
        "('example: user' protects users).");
  return uses;
}

nlohmann::json ComparisonFactorization::data_description() const {
  const auto key = [](std::int64_t count, const std::vector<std::string>& ids) {
    return fmt::format("{} {}", count, io::content_key(nlohmann::json(ids).dump()));
  };
  return {{"users", key(data_.users, data_.user_ids)}, {"items", key(data_.items, data_.item_ids)}};
}

std::string ComparisonFactorization::announcement() const {
  const ComparisonCounts counts = count_comparisons(*data_.summary, options_.rank);
  std::vector<std::string> sentences{fmt::format(
      "{} comparisons of {} items by {} users: {:.2f} for each of {} degrees of freedom{}", counts.comparisons,
      data_.items, data_.users, static_cast<double>(counts.comparisons) / static_cast<double>(counts.freedom),
      counts.freedom, counts.comparisons < counts.freedom ? "; the factors are not determined by the data" : "")};
  if (counts.components > 1 && counts.components > counts.items_without + 1)
    sentences.push_back(fmt::format("items fall into {} groups between which nobody compared", counts.components));
  if (counts.users_without + counts.items_without > 0)
    sentences.push_back(fmt::format("{} users and {} items have no training comparison: their factors are zero",
                                    counts.users_without, counts.items_without));
  sentences.insert(sentences.end(), data_.notes.begin(), data_.notes.end());
  return fmt::format("{}", fmt::join(sentences, "\ntalweg: "));
}

nlohmann::json ComparisonFactorization::answer() const {
  const torch::NoGradGuard no_grad;
  const auto exact = [](const at::Tensor& t) { return t.detach().to(at::kCPU, at::kDouble); };
  return identifiability_section(count_comparisons(*data_.summary, options_.rank),
                                 factor_information(exact(model_->users), exact(model_->items), data_.training));
}

double ComparisonFactorization::largest_step() const {
  constexpr double kSteepest = 0.25;  // Ξ: the logistic function's slope
  if (!largest_singular_value_) largest_singular_value_ = largest_singular_value(data_, streams_);
  return 1 / (kSteepest * gamma_ * *largest_singular_value_);
}

std::string ComparisonFactorization::theory(double eta) const {
  const double bound = largest_step();
  return fmt::format(
      "  gamma, the scale of one comparison: {:.4g}\n  sigma_1 of the utilities, from the comparisons: {:.4g}\n"
      "  plain descent: recommended step {:.4g}, cycles or diverges from about {:.4g} on\n  step {:.4g}: {}\n",
      gamma_, *largest_singular_value_, bound / 2, bound, eta,
      eta >= bound         ? "too large"
      : eta > 0.75 * bound ? "near the bound"
      : eta < bound / 20   ? "slow"
                           : "fits");
}

std::string ComparisonFactorization::warning(double eta) const {
  const double bound = largest_step();
  if (!(eta >= bound)) return "";
  return fmt::format(
      "the step size {:.4g} is above {:.4g}, from which on descent cycles or diverges on these comparisons; {:.4g} is "
      "half of that",
      eta, bound, bound / 2);
}

void ComparisonFactorization::write_model(const std::filesystem::path& folder, std::optional<at::ScalarType> type) {
  const torch::NoGradGuard no_grad;
  write_factors(folder, model_->rows(), data_.user_ids, data_.item_ids, type.value_or(model_->users.scalar_type()));
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
  const UtilityRows rows = exact_rows();
  at::Tensor factors = index ? rows.users[*index] : rows.users.mean(0);
  if (!index && model_->item_bias.defined()) {
    factors = at::zeros_like(factors);
    factors[-1] = 1;
  }
  const at::Tensor utilities = (rows.items - rows.items.mean(0, true)).mv(factors);
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
