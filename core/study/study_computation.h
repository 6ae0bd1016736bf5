#pragma once

#include <memory>
#include <vector>

#include "core/run/computation.h"
#include "core/study/study_config.h"

namespace talweg {

/// A study as what a run carries forward.
class StudyComputation : public Computation {
 public:
  /// Builds the study. Throws ConfigError and DataError.
  StudyComputation(const StudyConfig& config, at::Device device);

  Work work() const override;
  io::FileFingerprints files() const override;
  Cadence cadence() const override { return cadence_; }
  void require_sound(std::int64_t) override {}
  void step(std::int64_t index) override;
  Metrics evaluate() override;
  double epoch(std::int64_t) const override { return 0; }
  void save(checkpoint::Checkpoint& state) const override;
  void load(const checkpoint::Checkpoint& state) override;
  std::vector<plot::Figure> figures(const std::vector<metrics::Record>& records) override;

 private:
  std::unique_ptr<Study> study_;
  Cadence cadence_;
};

}  // namespace talweg
