#pragma once

#include <string>
#include <vector>

#include "core/config/fields.h"
#include "models/language/language_model.h"

namespace talweg::models {

/// Low-rank adapters on some of a model's matrices, with everything else at rest.
struct AdapterOptions {
  std::int64_t rank = 8;
  double alpha = 16;
  double dropout = 0;
  bool rank_stabilised = false;
  std::vector<std::string> targets = {"query", "value"};
  std::string weights;
};
void declare(config::Fields& f, AdapterOptions& o);

/// Puts adapters on every matrix whose last name is a target ("query" for layers.0.attention.query), and freezes all
/// other parameters. Throws ConfigError naming the matrices there are when a target is none of them.
void attach_adapters(LanguageModel& model, const AdapterOptions& options);

/// An adapter and the matrix it is put on.
struct PlacedAdapter {
  std::shared_ptr<Projection> projection;
  LowRankShape shape;
};
/// Puts adapters on matrices of the model and freezes all of its other parameters.
void place_adapters(LanguageModel& model, const std::vector<PlacedAdapter>& adapters);

/// Adds every adapter to its matrix and takes it off the model's output: afterwards the weights alone are the model.
void merge_adapters(LanguageModel& model);

}  // namespace talweg::models
