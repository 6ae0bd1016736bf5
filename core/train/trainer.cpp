#include "core/train/trainer.h"

#include <utility>

#include "core/device/resolve_device.h"
#include "core/replicas/shared_training.h"

namespace talweg {

Trainer::Trainer(const RunConfig& config, const RunDirectory& directory, bool quiet)
    : Trainer(config, make_directory_recorder(directory), quiet, resolve_device(config.device), nullptr) {}

Trainer::Trainer(const RunConfig& config, std::unique_ptr<RunRecorder> recorder, bool quiet, at::Device device,
                 distributed::ProcessGroup* group)
    : Trainer(config, std::make_unique<Training>(config, device, place_among(group, config.distributed)),
              std::move(recorder), quiet, group) {}

Trainer::Trainer(const RunConfig& config, std::unique_ptr<Training> training, std::unique_ptr<RunRecorder> recorder,
                 bool quiet, distributed::ProcessGroup* group)
    : training_(*training),
      run_(std::move(training), std::move(recorder),
           {config.checkpoint.keep,
            BestTracker(config.checkpoint, config.early_stopping),
            quiet,
            {},
            agreement_among(group)}) {}

}  // namespace talweg
