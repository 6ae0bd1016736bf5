#include "core/train/trainer.h"

#include <utility>

#include "core/device/resolve_device.h"

namespace talweg {

Trainer::Trainer(const RunConfig& config, const RunDirectory& directory, bool quiet)
    : Trainer(config, make_directory_recorder(directory), quiet, resolve_device(config.device), nullptr) {}

Trainer::Trainer(const RunConfig& config, std::unique_ptr<RunRecorder> recorder, bool quiet, at::Device device,
                 distributed::ProcessGroup* group)
    : training_(config, device, group),
      run_(training_, std::move(recorder),
           {config.checkpoint.keep, BestTracker(config.checkpoint, config.early_stopping), quiet, group}) {}

}  // namespace talweg
