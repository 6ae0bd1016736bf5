#include "models/language/adapter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::models {

void declare(config::Fields& f, AdapterOptions& o) {
  using config::above;
  using config::at_least;
  f("rank", o.rank, "r, rows of A", at_least(1));
  f("alpha", o.alpha, "the addition is alpha/r·B·A", above(0));
  f("dropout", o.dropout, "probability of a zero in what A is applied to, in training", at_least(0), config::below(1));
  f("rank_stabilised", o.rank_stabilised, "alpha/sqrt(r) instead of alpha/r");
  f("targets", o.targets, "names of the matrices that get one; of llama: query, key, value, output, gate, up, down");
  f("weights", o.weights,
    "folder of adapter weights in PEFT's layout to start from; rank, alpha and targets are its own");
}

void attach_adapters(LanguageModel& model, const AdapterOptions& options) {
  std::set<std::string> known, wanted(options.targets.begin(), options.targets.end());
  std::vector<PlacedAdapter> chosen;
  for (const auto& [name, projection] : model.projections()) {
    const std::string last = name.substr(name.rfind('.') + 1);
    known.insert(last);
    if (wanted.count(last) > 0)
      chosen.push_back({projection, {options.rank, options.alpha, options.dropout, options.rank_stabilised}});
  }
  for (const std::string& target : wanted)
    if (known.count(target) == 0)
      throw ConfigError(
          fmt::format("task.adapter.targets: there is no matrix '{}' (known: {})", target, fmt::join(known, ", ")));
  if (chosen.empty()) throw ConfigError("task.adapter.targets: an adapter needs at least one matrix");
  place_adapters(model, chosen);
}

void place_adapters(LanguageModel& model, const std::vector<PlacedAdapter>& adapters) {
  for (const at::Tensor& parameter : model.parameters()) parameter.set_requires_grad(false);
  for (const auto& [projection, shape] : adapters) projection->attach(shape);
}

void merge_adapters(LanguageModel& model) {
  for (const auto& [name, projection] : model.projections()) projection->merge();
}

}  // namespace talweg::models
