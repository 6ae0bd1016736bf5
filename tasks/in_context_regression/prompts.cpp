#include "tasks/in_context_regression/prompts.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <cstring>

#include "core/device/generators.h"
#include "core/libtorch.h"
#include "core/random/keyed_normals.h"
#include "core/simd/scratch.h"
#include "core/simd/small_products.h"

namespace talweg::tasks {
namespace {

using simd::lane_count;
using simd::multiply;
using simd::View;

/// Prompts of whole vectors, whatever their width.
constexpr std::int64_t kGroup = simd::kWidestVector / sizeof(double);

/// A law as plain memory, and where the prompts go.
template <class T>
struct Job {
  const PromptLaw& law;
  std::span<const std::uint64_t> keys;
  const double* factor;  // [d, d], or null for a diagonal Σ
  T *context, *query, *weights, *path;

  std::int64_t d() const { return law.dimension; }
  std::int64_t n() const { return law.examples; }
  std::int64_t count() const { return static_cast<std::int64_t>(keys.size()); }
  std::int64_t normals() const { return d() * (n() + 2) + (law.noise > 0 ? n() : 0); }
  std::int64_t vectors_needed() const { return normals() + d() * (n() + 1 + d() + 4) + n(); }
};

/// `to` ← Σ^½·`from` for `columns` vectors.
template <class Units, class V>
TALWEG_INLINE void colour(const PromptLaw& law, const double* factor, std::int64_t columns, V* from, V* to) {
  const std::int64_t d = law.dimension;
  if (factor) {
    multiply<Units>(d, columns, d, View<const double>{factor, d, 1}, View<V>{from, columns, 1},
                    View<V>{to, columns, 1});
    return;
  }
  for (std::int64_t r = 0; r < d; ++r) {
    const double scale = std::sqrt(law.covariance.eigenvalues[static_cast<std::size_t>(r)]);
    for (std::int64_t c = 0; c < columns; ++c) to[r * columns + c] = from[r * columns + c] * scale;
  }
}

template <class V, class T>
TALWEG_INLINE void put(const V* rows, std::int64_t count, std::int64_t valid, std::int64_t distance, T* to) {
  using Numbers = simd::SameLanes<T, V>;
  for (std::int64_t i = 0; i < count; ++i) {
    const Numbers numbers = __builtin_convertvector(rows[i], Numbers);
    if (valid == lane_count<V>)
      std::memcpy(to + i * distance, &numbers, sizeof(numbers));
    else
      for (std::int64_t b = 0; b < valid; ++b) to[i * distance + b] = numbers[b];
  }
}

/// The path of one block of prompts, written token by token.
template <class Units, class V, class T>
TALWEG_INLINE void write_path(const Job<T>& job, std::int64_t valid, const V* inputs, const V* labels, const V* truth,
                              std::byte* memory, T* to) {
  const std::int64_t d = job.d(), n = job.n();
  const double rate = job.law.step_size;
  simd::Pieces<V> pieces(memory);
  V* const gram = pieces.take(d * d);
  V* const target = pieces.take(d);
  V* const weight = pieces.take(d);
  V* const slope = pieces.take(d);
  const View<const V> x{inputs, n, 1};
  if (job.law.path == PathSource::empirical) {
    multiply<Units>(d, d, n, x, x.transposed(), View<V>{gram, d, 1});
    multiply<Units>(d, 1, n, x, View<const V>{labels, 1, 1}, View<V>{target, 1, 1});
  }
  simd::fill(weight, d, V{});
  double left = 1;  // (1 − η)^i
  for (std::int64_t i = 0;; ++i) {
    put(weight, d, valid, job.count(), to + i * d * job.count());
    if (i == job.law.steps) return;
    left *= 1 - rate;
    if (job.law.path == PathSource::empirical)
      multiply<Units>(d, 1, d, View<V>{gram, d, 1}, View<V>{weight, 1, 1}, View<V>{slope, 1, 1});
    for (std::int64_t r = 0; r < d; ++r) {
      if (job.law.path == PathSource::empirical)
        weight[r] -= (slope[r] - target[r]) * (rate / static_cast<double>(n));
      else
        weight[r] = truth[r] * (1 - left);
    }
  }
}

template <class Units, class V, class T>
TALWEG_INLINE void block(const Job<T>& job, std::int64_t first, std::int64_t valid, std::byte* memory) {
  const std::int64_t d = job.d(), n = job.n(), count = job.count();
  simd::Pieces<V> pieces(memory);
  V* const normals = pieces.take(job.normals());
  V* const inputs = pieces.take(d * n);
  V* const query = pieces.take(d);
  V* const labels = pieces.take(n);
  V* const truth = normals + d * n;
  V* const noise = truth + 2 * d;
  colour<Units>(job.law, job.factor, n, normals, inputs);
  colour<Units>(job.law, job.factor, 1, truth + d, query);
  for (std::int64_t r = job.law.active_dimension.value_or(d); r < d; ++r) {
    simd::fill(inputs + r * n, n, V{});
    query[r] = truth[r] = V{};
  }
  multiply<Units>(1, n, d, View<V>{truth, d, 1}, View<V>{inputs, n, 1}, View<V>{labels, n, 1});
  if (job.law.noise > 0)
    for (std::int64_t j = 0; j < n; ++j) labels[j] += noise[j] * job.law.noise;
  put(inputs, d * n, valid, count, job.context + first);
  put(labels, n, valid, count, job.context + d * n * count + first);
  put(query, d, valid, count, job.query + first);
  put(truth, d, valid, count, job.weights + first);
  write_path<Units>(job, valid, inputs, labels, truth, reinterpret_cast<std::byte*>(pieces.take(0)), job.path + first);
}

struct DrawBlocks {
  template <class Units, class T>
  TALWEG_INLINE static void run(const Job<T>* job, std::int64_t first, std::int64_t last, std::byte* memory) {
    using V = simd::Vector<Units, double>;
    for (; first < last; first += lane_count<V>) {
      const std::int64_t valid = std::min(lane_count<V>, last - first);
      std::uint64_t own[lane_count<V>] = {};
      for (std::int64_t i = 0; i < valid; ++i) own[i] = job->keys[static_cast<std::size_t>(first + i)];
      keyed_normals(own, job->normals(), reinterpret_cast<double*>(memory));
      block<Units, V>(*job, first, valid, memory);
    }
  }
};

template <class T>
DrawnPrompts draw_in_lanes(const PromptLaw& law, std::span<const std::uint64_t> keys) {
  const auto count = static_cast<std::int64_t>(keys.size());
  const std::int64_t d = law.dimension, n = law.examples;
  const auto options = at::TensorOptions().dtype(c10::CppTypeToScalarType<T>::value);
  const at::Tensor context = at::empty({d + 1, n, count}, options), query = at::empty({d, count}, options);
  const at::Tensor weights = at::empty({d, count}, options), path = at::empty({law.steps + 1, d, count}, options);
  const at::Tensor factor = law.covariance.rotation.defined() ? law.covariance.factor().contiguous() : at::Tensor();
  const Job<T> job{law,
                   keys,
                   factor.defined() ? factor.const_data_ptr<double>() : nullptr,
                   context.mutable_data_ptr<T>(),
                   query.mutable_data_ptr<T>(),
                   weights.mutable_data_ptr<T>(),
                   path.mutable_data_ptr<T>()};
  at::parallel_for(0, (count + kGroup - 1) / kGroup, 8, [&](std::int64_t begin, std::int64_t end) {
    thread_local simd::Scratch scratch;
    std::byte* const memory = scratch.reserve(job.vectors_needed());
    simd::dispatch<DrawBlocks>(&job, begin * kGroup, std::min(count, end * kGroup), memory);
  });
  return {{context.permute({2, 0, 1}), query.t()}, weights.t(), path.permute({2, 0, 1})};
}

DrawnPrompts draw_on_device(const PromptLaw& law, std::span<const std::uint64_t> keys, at::Device device,
                            at::ScalarType dtype) {
  const auto count = static_cast<std::int64_t>(keys.size());
  const std::int64_t d = law.dimension, n = law.examples;
  const at::Generator generator = seeded_generator(device, keys.empty() ? 0 : keys.front());
  const auto options = at::TensorOptions(device).dtype(dtype);
  const at::Tensor factor = law.covariance.factor().to(options);
  const at::Tensor inputs = factor.matmul(at::randn({count, d, n + 1}, generator, options));
  const at::Tensor weights = at::randn({count, d}, generator, options);
  const std::int64_t active = law.active_dimension.value_or(d);
  inputs.narrow(1, active, d - active).zero_();
  weights.narrow(1, active, d - active).zero_();
  const at::Tensor x = inputs.narrow(2, 0, n);
  at::Tensor labels = weights.unsqueeze(1).matmul(x);
  if (law.noise > 0) labels = labels + law.noise * at::randn({count, 1, n}, generator, options);
  std::vector<at::Tensor> path{at::zeros({count, d}, options)};
  const at::Tensor gram = x.matmul(x.transpose(1, 2)), target = x.matmul(labels.transpose(1, 2)).squeeze(2);
  for (std::int64_t i = 1; i <= law.steps; ++i) {
    if (law.path == PathSource::ideal)
      path.push_back(weights * (1 - std::pow(1 - law.step_size, static_cast<double>(i))));
    else
      path.push_back(path.back() - law.step_size / static_cast<double>(n) *
                                       (gram.matmul(path.back().unsqueeze(2)).squeeze(2) - target));
  }
  return {{at::cat({x, labels}, 1), inputs.select(2, n).contiguous()}, weights, at::stack(path, 1)};
}

}  // namespace

data::Batch DrawnPrompts::to_batch() const {
  return {{prompts.context, prompts.query, weights, path}, prompts.count()};
}

DrawnPrompts DrawnPrompts::from_batch(const data::Batch& batch) {
  return {{batch.tensors[0], batch.tensors[1]}, batch.tensors[2], batch.tensors[3]};
}

DrawnPrompts draw_prompts(const PromptLaw& law, std::span<const std::uint64_t> keys, at::Device device,
                          at::ScalarType dtype) {
  torch::NoGradGuard no_grad;
  if (!device.is_cpu()) return draw_on_device(law, keys, device, dtype);
  return dtype == at::kDouble ? draw_in_lanes<double>(law, keys) : draw_in_lanes<float>(law, keys);
}

DrawnPrompts draw_prompts(const PromptLaw& law, std::int64_t count, const RandomStreams& streams, std::string_view name,
                          at::Device device, at::ScalarType dtype) {
  std::vector<std::uint64_t> keys;
  for (std::int64_t i = 0; i < count; ++i) keys.push_back(streams.seed_of(name, static_cast<std::uint64_t>(i)));
  return draw_prompts(law, keys, device, dtype);
}

void declare(config::Fields& f, Growth& o) {
  f("start", o.start, "value at the first step", config::at_least(1));
  f("increment", o.increment, "added at a time", config::at_least(1));
  f("every", o.every, "steps between two increments", config::at_least(1));
}

void declare(config::Fields& f, Curriculum& o) {
  f("dimension", o.dimension, "coordinates that are not zero, growing to 'dimension'");
  f("examples", o.examples, "examples per prompt, growing to 'examples'");
}

std::int64_t Growth::at(std::int64_t step, std::int64_t end) const {
  return std::min(end, start + increment * (step / every));
}

PromptStream::PromptStream(PromptLaw law, const Curriculum& curriculum, std::int64_t size, const RandomStreams& streams,
                           at::Device device, at::ScalarType dtype)
    : law_(std::move(law)), curriculum_(curriculum), size_(size), streams_(streams), device_(device), dtype_(dtype) {}

PromptLaw PromptStream::law_at(std::int64_t step) const {
  PromptLaw law = law_;
  if (curriculum_.dimension) law.active_dimension = curriculum_.dimension->at(step, law_.dimension);
  if (curriculum_.examples) law.examples = curriculum_.examples->at(step, law_.examples);
  return law;
}

data::Batch PromptStream::batch(std::span<const std::int64_t> indices, std::int64_t step) const {
  const RandomStreams prompts(streams_.seed_of("prompts", static_cast<std::uint64_t>(step)));
  std::vector<std::uint64_t> keys;
  keys.reserve(indices.size());
  for (const std::int64_t index : indices) keys.push_back(prompts.seed_of("prompt", static_cast<std::uint64_t>(index)));
  return draw_prompts(law_at(step), keys, device_, dtype_).to_batch();
}

}  // namespace talweg::tasks
