#include "tasks/triplets/factor_model.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

Features features_of(const std::string& path, const std::vector<std::string>& ids, const char* what,
                     ComparisonData& data) {
  if (ids.empty()) throw ConfigError(fmt::format("task.{}_features: the comparisons name no {}s", what, what));
  Features features = read_features(path, ids, data.files);
  if (features.missing > 0)
    data.notes.push_back(
        fmt::format("{}: {} {}s have no features; theirs count as the mean", path, features.missing, what));
  if (features.unknown > 0)
    data.notes.push_back(fmt::format("{}: {} rows are of {}s without comparisons", path, features.unknown, what));
  return features;
}

/// 1 for rows that a training comparison names, else 0: [rows, 1].
at::Tensor named(const at::Tensor& counts) {
  return (counts > 0).to(at::kDouble).unsqueeze(1);
}

}  // namespace

void declare(config::Fields& f, FactorModelOptions& o) {
  f("rank", o.rank, "r: factors of a user and of an item", config::at_least(1));
  f("item_bias", o.item_bias, "a utility that an item has for all users");
  f("user_features", o.user_features, "delimited text of numbers about users, a header names them, ids first");
  f("item_features", o.item_features, "delimited text of numbers about items, a header names them, ids first");
  f("start", o.start, "factors that training begins at");
}

FactorModel::FactorModel(const FactorModelOptions& options, ComparisonData& data, const TaskContext& context) {
  const at::TensorOptions where = at::TensorOptions(context.device).dtype(context.dtype);
  StartingFactors start = options.start.create(data, options.rank, context.streams);
  users = register_parameter("users", (start.users * named(data.summary.value().of_users())).to(where));
  items = register_parameter("items", (start.items * named(data.summary.value().of_items())).to(where));
  if (options.item_bias) item_bias = register_parameter("item_bias", at::zeros({data.items}, where));
  if (!options.user_features.empty()) {
    user_features_ = features_of(options.user_features, data.user_ids, "user", data);
    of_users_ = user_features_->values.to(where);
    user_map = register_parameter("user_map", at::zeros({of_users_.size(1), options.rank}, where));
  }
  if (!options.item_features.empty()) {
    item_features_ = features_of(options.item_features, data.item_ids, "item", data);
    of_items_ = item_features_->values.to(where);
    item_map = register_parameter("item_map", at::zeros({of_items_.size(1), options.rank}, where));
  }
}

UtilityRows FactorModel::rows_from(const std::vector<at::Tensor>& p, double one) const {
  std::size_t next = 0;
  at::Tensor u = p.at(next++), v = p.at(next++);
  const at::Tensor bias = item_bias.defined() ? p.at(next++) : at::Tensor();
  if (user_map.defined()) u = u + of_users_.mm(p.at(next++));
  if (item_map.defined()) v = v + of_items_.mm(p.at(next++));
  if (!bias.defined()) return {u, v};
  return {at::cat({u, at::full({u.size(0), 1}, one, u.options().requires_grad(false))}, 1),
          at::cat({v, bias.unsqueeze(1)}, 1)};
}

UtilityRows FactorModel::rows() const {
  return rows_from(parameters(), 1);
}

UtilityRows FactorModel::change(const std::vector<at::Tensor>& direction) const {
  return rows_from(direction, 0);
}

UtilityRows FactorModel::rows_of(const at::Tensor& who, const at::Tensor& first, const at::Tensor& second) const {
  at::Tensor u = at::embedding(users, who), difference = at::embedding(items, first) - at::embedding(items, second);
  const auto flat = [](const at::Tensor& t) { return t.flatten(); };
  if (user_map.defined()) {
    auto shape = u.sizes().vec();
    shape.back() = of_users_.size(1);
    u = u + at::linear(of_users_.index_select(0, flat(who)).view(shape), user_map.t());
  }
  if (item_map.defined()) {
    auto shape = difference.sizes().vec();
    shape.back() = of_items_.size(1);
    const at::Tensor of_pair = of_items_.index_select(0, flat(first)) - of_items_.index_select(0, flat(second));
    difference = difference + at::linear(of_pair.view(shape), item_map.t());
  }
  if (item_bias.defined()) {
    const at::Tensor column = item_bias.unsqueeze(1);
    const at::Tensor bias = at::embedding(column, first) - at::embedding(column, second);
    difference = at::cat({difference, bias}, -1);
    auto shape = u.sizes().vec();
    shape.back() = 1;
    u = at::cat({u, at::ones(shape, u.options().requires_grad(false))}, -1);
  }
  return {u, difference};
}

}  // namespace talweg::tasks
