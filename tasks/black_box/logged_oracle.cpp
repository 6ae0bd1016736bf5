#include "tasks/black_box/logged_oracle.h"

#include <utility>
#include <vector>

namespace talweg::tasks {

void LoggedOracle::keep_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const OracleVariable& variable : variables()) names.push_back(variable.name);
  log_.emplace(folder / "evaluations.jsonl", std::move(names));
}

void LoggedOracle::observe(const double* points, std::int64_t m, std::span<const std::uint64_t> seeds, double* values) {
  const std::size_t d = variables().size(), draws = seeds.size() / static_cast<std::size_t>(m);
  std::vector<Question> questions;
  std::vector<std::size_t> places;  // of their values
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    const double* x = points + i / draws * d;
    if (const auto known = log_ ? log_->find(x, seeds[i]) : std::nullopt) {
      values[i] = *known;
    } else {
      questions.push_back({x, seeds[i]});
      places.push_back(i);
    }
  }
  if (questions.empty()) return;
  find_out(questions, [&](std::size_t question, double value) {
    if (log_) log_->add(questions[question].x, questions[question].seed, value);
    values[places[question]] = value;
  });
}

}  // namespace talweg::tasks
