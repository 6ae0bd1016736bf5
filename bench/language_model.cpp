// Training and generation of Llama-type models, one thing per process: bench_language_model train|generate|read_memory
// OPTION=VALUE… Prints JSON with processor milliseconds of a step or token, tokens per second and peak memory, as the
// peers do.
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <map>

#include "core/device/process_memory.h"
#include "core/device/synchronize.h"
#include "core/libtorch.h"
#include "core/simd/lanes.h"
#include "core/task_objective/precision.h"
#include "models/language/fused.h"
#include "models/language/llama.h"
#include "optim/adamw.h"
#include "tasks/pretrained/language_model_files.h"

namespace {

using namespace talweg;
using Options = std::map<std::string, std::string>;

double wall() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
double processor() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Peak memory from now on: of the process, or of the allocator of a GPU.
void reset_peak() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << 5;
}

std::string text(const Options& options, const std::string& key, const std::string& otherwise) {
  const auto found = options.find(key);
  return found == options.end() ? otherwise : found->second;
}
std::int64_t number(const Options& options, const std::string& key, std::int64_t otherwise) {
  return std::stoll(text(options, key, std::to_string(otherwise)));
}

models::LlamaShape shape_named(const std::string& name) {
  for (const auto& [known, size] : choices(models::LlamaSize{}))
    if (known == name) {
      models::LlamaShape shape = shape_of(size);
      shape.tied = true;  // as the peer's models
      return shape;
    }
  throw std::runtime_error("there is no size " + name);
}

void print(double best_wall, double best_processor, double tokens, double base, double loss) {
  fmt::print(
      "{{\"ms_per_step_min\": {:.4g}, \"cpu_ms_per_step_min\": {:.4g}, \"tokens_per_s_best\": {:.5g}, "
      "\"cpu_tokens_per_s_best\": {:.5g}, \"peak_mem_mb\": {:.1f}, \"base_mem_mb\": {:.1f}, \"loss\": {:.5g}}}\n",
      1e3 * best_wall, 1e3 * best_processor, tokens / best_wall, tokens / best_processor, status_mebibytes("VmHWM"),
      base, loss);
}

void train(const Options& options, at::Device device) {
  const std::int64_t batch = number(options, "batch", 4), length = number(options, "seq", 128);
  const Precision precision = text(options, "dtype", "fp32") == "bf16" ? Precision::bfloat16 : Precision::float32;
  const models::LlamaShape shape = shape_named(text(options, "config", "15M"));
  models::Llama model(shape);
  model.to(device);
  model.recompute_layers(number(options, "checkpointing", 0) != 0);
  optim::AdamW optimizer(model.parameters(), {.learning_rate = 1e-4});
  const at::Tensor ids = at::randint(shape.vocabulary, {batch, length}, at::kLong).to(device);
  const at::Tensor targets = at::constant_pad_nd(ids.narrow(1, 1, length - 1), {0, 1}, -100).flatten();
  at::Tensor loss;
  const auto step = [&] {
    loss = optimizer.step([&] {
      model.zero_grad();
      at::Tensor value;
      {
        const AutocastScope autocast(precision, device);
        value = models::token_cross_entropy(model.hidden(ids).flatten(0, 1), model.head(), targets);
      }
      value.backward();
      return value;
    });
    talweg::synchronize(device);
  };
  reset_peak();
  const double base = status_mebibytes("VmRSS");
  const std::int64_t warm_up = number(options, "warmup", 1), repeat = number(options, "repeat", 4);
  double best_wall = 1e9, best_processor = 1e9;
  for (std::int64_t i = 0; i < warm_up + repeat; ++i) {
    const double begin = wall(), cpu = processor();
    step();
    if (i < warm_up) continue;
    best_wall = std::min(best_wall, wall() - begin);
    best_processor = std::min(best_processor, processor() - cpu);
  }
  print(best_wall, best_processor, static_cast<double>(batch * length), base, loss.item<double>());
}

void generate(const Options& options, at::Device device) {
  torch::NoGradGuard no_grad;
  const std::int64_t batch = number(options, "batch", 1), prompt = number(options, "prompt", 32);
  const std::int64_t tokens = number(options, "new-tokens", 64), repeat = number(options, "repeat", 3);
  const std::string gguf = text(options, "gguf", ""), weights = text(options, "weights", "float32");
  std::shared_ptr<models::LanguageModel> model =
      gguf.empty() ? std::make_shared<models::Llama>(shape_named(text(options, "config", "smollm2-135m")))
                   : tasks::read_language_model(gguf).model;
  model->eval();
  model->to(device);
  const std::int64_t vocabulary = model->vocabulary();
  if (weights == "blocks") model->pack(tasks::block_packing(gguf));
  if (weights == "bfloat16") {
    if (!device.is_cpu())
      model->to(at::kBFloat16);
    else
      model->pack(
          [](const std::string&, const at::Tensor& weight) { return std::make_shared<models::PackedMatrix>(weight); });
  }
  const at::Tensor ids = at::randint(2, vocabulary, {batch, prompt}, at::kLong).to(device);
  reset_peak();
  const double base = status_mebibytes("VmRSS");
  double best_wall = 1e9, best_processor = 1e9, filling = 1e9;
  for (std::int64_t round = 0; round <= repeat; ++round) {
    models::KeyValueCache cache = model->make_cache(batch, prompt + tokens);
    const double fill = wall();
    at::Tensor states = model->hidden(ids, &cache);
    const auto choose = [&] { return model->logits(states.select(1, states.size(1) - 1)).argmax(1, true); };
    at::Tensor next = choose();
    const double begin = wall(), cpu = processor();
    for (std::int64_t i = 0; i < tokens; ++i) {
      states = model->hidden(next, &cache);
      next = choose();
    }
    talweg::synchronize(device);
    if (round == 0) continue;
    filling = std::min(filling, begin - fill);
    best_wall = std::min(best_wall, wall() - begin);
    best_processor = std::min(best_processor, processor() - cpu);
  }
  const double count = static_cast<double>(tokens);
  fmt::print(
      "{{\"decode_tokens_per_s_best\": {:.5g}, \"cpu_decode_tokens_per_s_best\": {:.5g}, "
      "\"prefill_tokens_per_s_best\": {:.5g}, \"peak_mem_mb\": {:.1f}, \"base_mem_mb\": {:.1f}}}\n",
      static_cast<double>(batch) * count / best_wall, static_cast<double>(batch) * count / best_processor,
      static_cast<double>(batch * prompt) / filling, status_mebibytes("VmHWM"), base);
}

/// The sum of `count` numbers, read as four streams: one alone does not keep memory busy.
struct SumOfStreams {
  template <class Units>
  TALWEG_INLINE static float run(const float* numbers, std::int64_t count) {
    using V = simd::Vector<Units, float>;
    const std::int64_t quarter = count / 4;
    V sums[4] = {};
    for (std::int64_t i = 0; i < quarter; i += simd::lane_count<V>)
      for (int stream = 0; stream < 4; ++stream) {
        V lanes;
        simd::load(numbers + stream * quarter + i, lanes);
        sums[stream] += lanes;
      }
    sums[0] += sums[1] + sums[2] + sums[3];
    return simd::pairwise_sum(sums[0]);
  }
};

/// How fast one core reads memory, which bounds decoding: every token takes all weights.
void read_memory() {
  const at::Tensor numbers = at::ones({1 << 27});
  double best = 1e9;
  float sum = 0;
  for (int round = 0; round < 5; ++round) {
    const double begin = wall();
    sum += simd::dispatch<SumOfStreams>(numbers.const_data_ptr<float>(), numbers.numel());
    best = std::min(best, wall() - begin);
  }
  fmt::print("{{\"gigabytes_per_second\": {:.4g}, \"sum\": {}}}\n", static_cast<double>(numbers.nbytes()) / 1e9 / best,
             sum);
}

}  // namespace

int main(int count, char** words) {
  Options options;
  for (int i = 2; i < count; ++i) {
    const std::string word = words[i];
    if (const std::size_t equals = word.find('='); equals != std::string::npos)
      options[word.substr(0, equals)] = word.substr(equals + 1);
  }
  if (text(options, "allocator", "kept") == "kept") {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 2000 << 20);
    mallopt(M_TOP_PAD, 64 << 20);
  }
  const at::Device device(text(options, "device", "cpu"));
  const std::string what = count > 1 ? words[1] : "";
  if (what == "generate")
    generate(options, device);
  else if (what == "read_memory")
    read_memory();
  else
    train(options, device);
}
