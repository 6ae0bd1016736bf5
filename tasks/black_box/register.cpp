#include "tasks/black_box/black_box.h"
#include "tasks/black_box/functions.h"
#include "tasks/black_box/more_wild.h"
#include "tasks/black_box/program/program.h"
#include "tasks/black_box/queue.h"
#include "tasks/black_box/training/training_oracle.h"

namespace talweg::tasks {

void register_oracles() {
  static const bool once = [] {
    auto& oracles = config::Registry<OracleKind>::instance();
    oracles.add<MoreWild, MoreWildOptions>("more_wild", "a least-squares problem of the benchmark",
                                           "Moré and Wild 2009");
    oracles.add<Function79, Function79Options>("function79", "fourth powers of curved pairs, far from its minimum",
                                               "code published with arXiv 2405.05638");
    oracles.add<Sphere, SphereOptions>("sphere", "half the squared length", "standard");
    oracles.add<Ellipsoid, EllipsoidOptions>("ellipsoid", "a quadratic of a given condition number", "standard");
    oracles.add<RosenbrockChain, RosenbrockChainOptions>("rosenbrock", "the curved valley, any number of variables",
                                                         "Rosenbrock 1960");
    oracles.add<SumOfExponentials, SumOfExponentialsOptions>("sum_of_exponentials", "convex, with a third derivative",
                                                             "ours");
    oracles.add<Queue, QueueOptions>("queue", "the service rate of a simulated queue", "SimOpt's M/M/1 example");
    oracles.add<Program, ProgramOptions>("program", "any program that reads points and writes values", "ours");
    oracles.add<TrainingOracle, TrainingOracleOptions>("training", "a run of Talweg, over options of its configuration",
                                                       "ours");
    return true;
  }();
  (void)once;
}

void register_black_box() {
  register_oracles();
  config::Registry<TaskKind>::instance().add<BlackBoxOptions>(
      "black_box", "a function that is observed with noise and has no gradient", "ours",
      [](const BlackBoxOptions& options, const TaskContext& context) -> std::unique_ptr<Task> {
        return std::make_unique<BlackBox>(options, context);
      },
      {KnowsItsEnd::ability, HasNoGradient::ability});
}

}  // namespace talweg::tasks
