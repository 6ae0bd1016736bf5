#include "tasks/matrix_factorization/matrix_factorization.h"

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

constexpr std::int64_t kInputs = 6, kOutputs = 10;

at::Tensor filled(std::initializer_list<std::int64_t> shape, const std::function<double()>& next) {
  at::Tensor tensor = at::empty(shape, at::kDouble);
  for (std::int64_t i = 0; i < tensor.numel(); ++i) tensor.mutable_data_ptr<double>()[i] = next();
  return tensor;
}

}  // namespace

void declare(config::Fields& f, MatrixFactorizationOptions& o) {
  f("width", o.width, "width of the hidden layer; 1, 4 and 10 in the paper", config::at_least(1));
  f("examples", o.examples, "number of examples", config::at_least(1));
}

MatrixFactorization::MatrixFactorization(const MatrixFactorizationOptions& options, const TaskContext& context) {
  RandomGenerator random = context.streams.generator("synthetic data");
  const at::Tensor scales = at::linspace(1, 1e-10, kOutputs, at::kDouble).unsqueeze(1);
  const at::Tensor matrix = scales * filled({kOutputs, kInputs}, [&] { return random.uniform(); });
  const at::Tensor inputs = filled({options.examples, kInputs}, [&] { return random.normal(); });
  const at::TensorOptions where = at::TensorOptions(context.device).dtype(context.dtype);
  training_ =
      std::make_unique<data::TensorDataset>(std::vector<at::Tensor>{inputs.to(where), inputs.mm(matrix.t()).to(where)});
  // As a linear layer without bias is initialised.
  const auto layer = [&](const char* name, std::int64_t out, std::int64_t in) {
    const double bound = 1 / std::sqrt(static_cast<double>(in));
    return module_.register_parameter(name, at::empty({out, in}, at::kDouble).uniform_(-bound, bound).to(where));
  };
  first_ = layer("first", options.width, kInputs);
  second_ = layer("second", kOutputs, options.width);
}

at::Tensor MatrixFactorization::loss(const data::Batch& batch) {
  return example_losses(batch).mean();
}

at::Tensor MatrixFactorization::example_losses(const data::Batch& batch) {
  return at::mse_loss(batch.tensors[0].mm(first_.t()).mm(second_.t()), batch.tensors[1], at::Reduction::None).mean(1);
}

Metrics MatrixFactorization::evaluate() {
  return {{"loss", loss(training_->all()).item<double>()}};
}

}  // namespace talweg::tasks
