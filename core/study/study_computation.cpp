#include "core/study/study_computation.h"

#include <algorithm>

#include "core/libtorch.h"
#include "core/task/reads_files.h"

namespace talweg {
namespace {

/// Without a cadence of its own a study saves so often that a kill costs a twentieth of the steps.
constexpr std::int64_t kSavesInAll = 20;

}  // namespace

StudyComputation::StudyComputation(const StudyConfig& config, at::Device device) {
  const StudyContext context{device, RandomStreams(static_cast<std::uint64_t>(config.seed))};
  torch::manual_seed(context.streams.seed_of("initialisation"));
  study_ = config.study.create(context);
  const std::int64_t steps = study_->steps();
  cadence_.record = 0;
  cadence_.evaluate = config.evaluate_every.value_or(study_->evaluate_every());
  cadence_.seconds_between_saves = config.checkpoint.seconds.value_or(0);
  cadence_.save = config.checkpoint.every.value_or(std::max<std::int64_t>(1, steps / kSavesInAll));
}

Work StudyComputation::work() const {
  Work work;
  work.steps = study_->steps();
  work.until = [this](std::int64_t steps) { return study_->work_until(steps); };
  return work;
}

io::FileFingerprints StudyComputation::files() const {
  const auto* reader = dynamic_cast<const ReadsFiles*>(study_.get());
  return reader ? reader->files_read() : io::FileFingerprints();
}

void StudyComputation::step(std::int64_t index) {
  study_->step(index);
}

Metrics StudyComputation::evaluate() {
  torch::NoGradGuard no_grad;
  Metrics values;
  for (const auto& [name, value] : study_->evaluate()) values.emplace_back("eval/" + name, value);
  return values;
}

void StudyComputation::save(checkpoint::Checkpoint& state) const {
  checkpoint::State study = study_->state();
  state.tensors["study"] = std::move(study.tensors);
  state.values["study"] = std::move(study.values);
}

void StudyComputation::load(const checkpoint::Checkpoint& state) {
  torch::NoGradGuard no_grad;
  study_->load({state.tensors.at("study"), state.values.at("study")}, state.step);
}

std::vector<plot::Figure> StudyComputation::figures(const std::vector<metrics::Record>&) {
  torch::NoGradGuard no_grad;
  return study_->figures();
}

}  // namespace talweg
