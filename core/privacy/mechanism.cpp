#include "core/privacy/mechanism.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace talweg::privacy {
namespace {

template <class E>
std::string choice_name(E value) {
  for (const auto& [name, candidate] : choices(E{}))
    if (candidate == value) return name;
  return "?";
}

/// Ledgers of earlier versions call uniform sampling "without_replacement" and sequential sampling "cyclic".
Sampling sampling_named(const std::string& name) {
  if (name == "without_replacement") return Sampling::uniform;
  if (name == "cyclic") return Sampling::sequential;
  for (const auto& [choice, value] : choices(Sampling{}))
    if (choice == name) return value;
  throw DataError(fmt::format("a privacy ledger names the sampling '{}', which is unknown", name));
}

void require(bool holds, const char* name, const char* condition, double value) {
  if (!holds) throw ConfigError(fmt::format("'{}' must be {}, found {}", name, condition, value));
}

}  // namespace

std::vector<std::pair<std::string, NeighbouringRelation>> choices(NeighbouringRelation) {
  return {{"add_or_remove_one", NeighbouringRelation::add_or_remove_one},
          {"zero_out_one", NeighbouringRelation::zero_out_one},
          {"replace_one", NeighbouringRelation::replace_one}};
}

std::string name_of(NeighbouringRelation relation) {
  return choice_name(relation);
}

double sensitivity(NeighbouringRelation relation) {
  return relation == NeighbouringRelation::replace_one ? 2 : 1;
}

void check(const Mechanism& m) {
  require(m.sampling_rate > 0 && m.sampling_rate <= 1, "sampling_rate", "above 0 and at most 1", m.sampling_rate);
  require(m.noise_multiplier >= 0 && std::isfinite(m.noise_multiplier), "noise_multiplier", "a number of at least 0",
          m.noise_multiplier);
  require(m.clip_norm > 0 && std::isfinite(m.clip_norm), "clip_norm", "above 0", m.clip_norm);
  require(m.batch_size >= 0 && std::isfinite(m.batch_size), "batch_size", "at least 0", m.batch_size);
  require(m.learning_rate >= 0 && std::isfinite(m.learning_rate), "learning_rate", "at least 0", m.learning_rate);
  if (!m.domain) return;
  require(m.domain->radius > 0 && std::isfinite(m.domain->radius), "radius", "above 0", m.domain->radius);
  if (m.domain->smoothness)
    require(*m.domain->smoothness >= 0 && std::isfinite(*m.domain->smoothness), "smoothness", "at least 0",
            *m.domain->smoothness);
}

nlohmann::json to_json(const Mechanism& m) {
  nlohmann::json json = {
      {"sampling", name_of(m.sampling)}, {"sampling_rate", m.sampling_rate}, {"noise_multiplier", m.noise_multiplier},
      {"clip_norm", m.clip_norm},        {"batch_size", m.batch_size},       {"learning_rate", m.learning_rate},
      {"plain_sgd", m.plain_sgd}};
  if (m.domain) {
    json["domain"] = {{"radius", m.domain->radius}};
    if (m.domain->smoothness) json["domain"]["smoothness"] = *m.domain->smoothness;
  }
  return json;
}

Mechanism mechanism_from_json(const nlohmann::json& json) {
  try {
    Mechanism m;
    m.sampling = sampling_named(json.at("sampling").get<std::string>());
    json.at("sampling_rate").get_to(m.sampling_rate);
    json.at("noise_multiplier").get_to(m.noise_multiplier);
    json.at("clip_norm").get_to(m.clip_norm);
    json.at("batch_size").get_to(m.batch_size);
    json.at("learning_rate").get_to(m.learning_rate);
    json.at("plain_sgd").get_to(m.plain_sgd);
    if (json.contains("domain")) {
      m.domain = BoundedDomain{.radius = json["domain"].at("radius").get<double>(), .smoothness = std::nullopt};
      if (json["domain"].contains("smoothness")) m.domain->smoothness = json["domain"]["smoothness"].get<double>();
    }
    check(m);
    return m;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("a privacy ledger is damaged: {}", error.what()));
  } catch (const ConfigError& error) {
    throw DataError(fmt::format("a privacy ledger is damaged: {}", error.what()));
  }
}

}  // namespace talweg::privacy
