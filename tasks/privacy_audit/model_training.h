#pragma once

#include <memory>

#include "core/data/labelled_data.h"
#include "core/task/capabilities.h"
#include "core/task/task.h"
#include "core/train/fit.h"
#include "models/tensor_model.h"

namespace talweg::tasks {

/// A model for labelled examples, drawn from the stream "initialisation" of the context. Throws ConfigError.
std::shared_ptr<models::TensorModel> make_model(const config::Component<models::TensorModelKind>& model,
                                                const data::LabelledData& data, const TaskContext& context);

/// A model that is trained on labelled examples in memory by their mean cross entropy.
class ModelTraining {
 public:
  /// Builds everything; no step is made. Throws ConfigError.
  ModelTraining(const config::Component<models::TensorModelKind>& model, const data::LabelledData& data,
                const FitOptions& how, const TaskContext& context);

  models::TensorModel& model() { return *model_; }
  Fit& fit() { return fit_; }

 private:
  class LabelledTask : public Task, public PerExampleLosses {
   public:
    LabelledTask(models::TensorModel& model, const data::LabelledData& data, const TaskContext& context);
    torch::nn::Module& module() override { return model_; }
    const data::Dataset& training_data() const override { return training_; }
    at::Tensor loss(const data::Batch& batch) override { return example_losses(batch).mean(); }
    at::Tensor example_losses(const data::Batch& batch) override;
    Metrics evaluate() override { return {}; }

   private:
    models::TensorModel& model_;
    data::TensorDataset training_;
  };

  std::shared_ptr<models::TensorModel> model_;
  LabelledTask task_;
  Fit fit_;
};

}  // namespace talweg::tasks
