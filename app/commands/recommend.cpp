#include <fmt/format.h>

#include <charconv>

#include "app/commands/commands.h"
#include "app/commands/trained_model.h"
#include "core/error.h"
#include "tasks/triplets/comparison_factorization.h"

namespace talweg::app {

int recommend(const Invocation& invocation) {
  const std::string user = value_of(invocation, "user"), top = value_of(invocation, "top", "10");
  if (user.empty()) throw UsageError("--user says whom to recommend to");
  std::int64_t count = 0;
  const auto [end, status] = std::from_chars(top.data(), top.data() + top.size(), count);
  if (status != std::errc() || end != top.data() + top.size() || count < 1)
    throw UsageError(fmt::format("--top takes a number from 1 on, not '{}'", top));
  const TrainedTask trained =
      load_trained_task(invocation.arguments.at(0), value_of(invocation, "checkpoint", "last"), "cpu");
  const auto* task = dynamic_cast<const tasks::ComparisonFactorization*>(trained.task.get());
  if (!task)
    throw UsageError(
        fmt::format("the run is one of the task '{}', not of comparison_factorization", trained.config.task.type()));
  if (!task->knows_user(user))
    fmt::print(stderr,
               "talweg: the data know no user '{}'; this is the ranking for somebody of whom nothing is known\n", user);
  for (const auto& [item, utility] : task->recommend(user, count)) fmt::print("{}\t{:.4f}\n", item, utility);
  return 0;
}

}  // namespace talweg::app
