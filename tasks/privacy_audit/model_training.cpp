#include "tasks/privacy_audit/model_training.h"

#include "core/libtorch.h"

namespace talweg::tasks {

std::shared_ptr<models::TensorModel> make_model(const config::Component<models::TensorModelKind>& model,
                                                const data::LabelledData& data, const TaskContext& context) {
  torch::manual_seed(context.streams.seed_of("initialisation"));
  models::TensorModelShape shape;
  shape.input = data.inputs.sizes().slice(1).vec();
  shape.outputs = data.classes();
  std::shared_ptr<models::TensorModel> made = model.create(shape);
  made->to(context.device, context.dtype);
  return made;
}

ModelTraining::LabelledTask::LabelledTask(models::TensorModel& model, const data::LabelledData& data,
                                          const TaskContext& context)
    : model_(model), training_({data.inputs.to(context.device, context.dtype), data.targets.to(context.device)}) {}

at::Tensor ModelTraining::LabelledTask::example_losses(const data::Batch& batch) {
  return at::cross_entropy_loss(model_.forward(batch.tensors[0]), batch.tensors[1], {}, at::Reduction::None);
}

ModelTraining::ModelTraining(const config::Component<models::TensorModelKind>& model, const data::LabelledData& data,
                             const FitOptions& how, const TaskContext& context)
    : model_(make_model(model, data, context)), task_(*model_, data, context), fit_(task_, how, context) {}

}  // namespace talweg::tasks
