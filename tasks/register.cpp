#include "tasks/register.h"

#include "core/data/sampler.h"
#include "core/train/schedule.h"
#include "core/train/task.h"
#include "models/register.h"
#include "optim/register.h"
#include "tasks/classification/classification.h"

namespace talweg::tasks {
namespace {

template <class T, class Options>
void add(const char* name, const char* summary, const char* source) {
  config::Registry<TaskKind>::instance().add<Options>(
      name, summary, source, [](const Options& options, const TaskContext& context) -> std::unique_ptr<Task> {
        return std::make_unique<T>(options, context);
      });
}

}  // namespace

void register_components() {
  static const bool once = [] {
    data::register_samplers();
    register_schedules();
    models::register_components();
    optim::register_components();
    register_classification_data();
    add<Classification, ClassificationOptions>("classification", "classes of labelled examples", "standard");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
