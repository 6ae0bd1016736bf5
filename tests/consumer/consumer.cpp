#include <talweg/optim/adamw.h>
#include <torch/torch.h>

int main() {
  torch::nn::Linear module(2, 1);
  talweg::optim::AdamW optimizer(module->parameters(), {.learning_rate = 0.05});
  const torch::Tensor x = torch::randn({64, 2}), y = x.sum(1, true);
  double loss = 1;
  for (int step = 0; step < 500; ++step)
    loss = optimizer
               .step([&] {
                 module->zero_grad();
                 auto l = torch::mse_loss(module(x), y);
                 l.backward();
                 return l;
               })
               .item<double>();
  return loss < 1e-3 ? 0 : 1;
}
