#include "app/privacy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "app/privacy_json.h"
#include "app/privacy_output.h"
#include "core/config/diagnostics.h"
#include "core/error.h"
#include "core/io/closest_word.h"
#include "core/privacy/calibration.h"

namespace talweg::app {
namespace {

using privacy::Accountant;
using privacy::Mechanism;

/// The named values of the command line.
class Values {
 public:
  explicit Values(const Invocation& invocation) : invocation_(invocation) {}

  bool has(const std::string& name) const { return find(name) != nullptr; }
  std::string text(const std::string& name, const std::string& otherwise) const {
    const std::string* found = find(name);
    return found ? *found : otherwise;
  }
  std::optional<double> number(const std::string& name) const {
    const std::string* found = find(name);
    if (!found) return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(found->data(), found->data() + found->size(), value);
    if (error != std::errc() || end != found->data() + found->size() || std::isnan(value))
      throw UsageError(fmt::format("--{} takes a number, found '{}'", name, *found));
    return value;
  }
  double number(const std::string& name, double otherwise) const { return number(name).value_or(otherwise); }
  /// A choice by its name.
  template <class E>
  E choice(const std::string& name, E otherwise) const {
    const std::string* found = find(name);
    if (!found) return otherwise;
    std::vector<std::string> names;
    for (const auto& [word, value] : choices(E{})) {
      if (word == *found) return value;
      names.push_back(word);
    }
    throw UsageError(fmt::format("--{} does not know '{}'{}", name, *found, io::suggestion(*found, names)));
  }

 private:
  const std::string* find(const std::string& name) const {
    for (const auto& [key, value] : invocation_.values)
      if (key == name) return &value;
    return nullptr;
  }
  const Invocation& invocation_;
};

void exactly_one(const Values& values, const char* a, const char* b, const char* meaning) {
  if (values.has(a) == values.has(b))
    throw UsageError(fmt::format("give exactly one of --{} and --{}: {}", a, b, meaning));
}

/// Steps are counted in whole numbers, and a double holds them exactly up to here.
std::int64_t whole(const std::string& name, double value) {
  if (!(value >= 1 && value <= 1e12))
    throw ConfigError(fmt::format("'{}' must be from 1 to 1e12, found {}", name, value));
  if (value != std::floor(value)) throw ConfigError(fmt::format("'{}' must be a whole number, found {}", name, value));
  return static_cast<std::int64_t>(value);
}

Mechanism mechanism_from(const Values& values) {
  Mechanism m;
  m.sampling = values.choice("sampler", Sampling::poisson);
  if (values.has("n") || (values.has("batch") && !values.has("q"))) {
    if (values.has("q")) throw UsageError("give either --q, or --n and --batch");
    if (!values.has("n") || !values.has("batch")) throw UsageError("--n and --batch belong together");
    const auto n = static_cast<double>(whole("n", *values.number("n")));
    m.batch_size = static_cast<double>(whole("batch", *values.number("batch")));
    if (m.batch_size > n) throw ConfigError(fmt::format("'batch' must be at most n = {}, found {}", n, m.batch_size));
    m.sampling_rate = uses_each_once_per_epoch(m.sampling) ? 1 / std::ceil(n / m.batch_size) : m.batch_size / n;
  } else if (values.has("q")) {
    m.sampling_rate = *values.number("q");
    if (values.has("batch")) m.batch_size = static_cast<double>(whole("batch", *values.number("batch")));
  } else {
    throw UsageError("give --q, or --n and --batch");
  }
  m.noise_multiplier = values.number("noise", 1);
  m.clip_norm = values.number("clip", 1);
  m.learning_rate = values.number("learning-rate", 0);
  if (values.has("radius"))
    m.domain = privacy::BoundedDomain{.radius = *values.number("radius"), .smoothness = values.number("smoothness")};
  else if (values.has("smoothness"))
    throw UsageError("--smoothness belongs to a bounded domain; give --radius as well");
  check(m);
  return m;
}

std::int64_t steps_from(const Values& values, const Mechanism& m) {
  exactly_one(values, "steps", "epochs", "how long training lasts");
  if (values.has("steps")) return whole("steps", *values.number("steps"));
  const double epochs = *values.number("epochs");
  if (!(epochs > 0)) throw ConfigError(fmt::format("'epochs' must be above 0, found {}", epochs));
  return whole("steps", std::max(1.0, std::round(epochs / m.sampling_rate)));
}

/// What is asked on the command line alone, and refused as such.
int answer(const Invocation& invocation) {
  const Values values(invocation);
  exactly_one(values, "noise", "epsilon", "either the noise multiplier, or the ε it shall be calibrated to");
  const double delta = values.number("delta", 1e-5);
  if (!(delta > 0 && delta < 1)) throw ConfigError(fmt::format("'delta' must lie between 0 and 1, found {}", delta));

  PrivacyQuestion question;
  question.mechanism = mechanism_from(values);
  question.steps = steps_from(values, question.mechanism);
  question.delta = delta;
  if (values.has("n")) question.examples = whole("n", *values.number("n"));
  const std::string name = values.text("accountant", "all");
  const Accountant& chosen =
      name == "all" ? privacy::default_accountant(question.mechanism.sampling) : privacy::find_accountant(name);
  question.relation = values.choice("relation", chosen.default_relation());
  if (values.has("epsilon")) {
    const double epsilon = *values.number("epsilon");
    question.mechanism.noise_multiplier =
        calibrate_noise(chosen, question.mechanism, question.steps, {epsilon, delta, question.relation});
    question.target_epsilon = epsilon;
  }
  question.chosen = &chosen;
  question.all = name == "all";
  if (invocation.json)
    fmt::print("{}\n", to_json(question).dump(2));
  else
    print_answer(question);
  if (values.has("plot")) write_plot(question, values.text("plot", ""));
  return 0;
}

}  // namespace

int privacy(const Invocation& invocation) {
  try {
    return answer(invocation);
  } catch (const ConfigError& error) {
    throw UsageError(error.what());
  }
}

}  // namespace talweg::app
