#include "core/data/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_set>

#include "core/data/block_sampler.h"
#include "core/error.h"

namespace talweg::data {
namespace {

/// Walks through the dataset epoch by epoch; how an epoch is ordered is the subclass's.
class EpochSampler : public Sampler {
 public:
  EpochSampler(const SamplingPlan& plan, bool drop_last) : plan_(plan) {
    const std::int64_t whole = plan.data.size() / plan.batch_size;
    const bool has_rest = plan.data.size() % plan.batch_size != 0;
    steps_per_epoch_ = has_rest && !drop_last ? whole + 1 : whole;
    if (steps_per_epoch_ == 0)
      throw ConfigError("the batch size is larger than the dataset and 'drop_last' drops the only batch");
  }
  void sample(std::int64_t step, std::vector<std::int64_t>& indices) override {
    const std::int64_t epoch = step / steps_per_epoch_;
    const std::int64_t begin = step % steps_per_epoch_ * plan_.batch_size;
    const std::int64_t end = std::min(begin + plan_.batch_size, plan_.data.size());
    if (epoch != epoch_) {
      order_ = order(epoch);
      epoch_ = epoch;
    }
    indices.assign(order_.begin() + begin, order_.begin() + end);
  }
  double steps_per_epoch() const override { return static_cast<double>(steps_per_epoch_); }

 protected:
  virtual std::vector<std::int64_t> order(std::int64_t epoch) const = 0;
  SamplingPlan plan_;

 private:
  std::int64_t steps_per_epoch_;
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> order_;
};

class ShuffleSampler : public EpochSampler {
 public:
  using EpochSampler::EpochSampler;
  std::optional<Sampling> sampling() const override { return Sampling::shuffle; }
  std::vector<std::int64_t> order(std::int64_t epoch) const override {
    return random_permutation(plan_.data.size(),
                              plan_.streams.generator("data order", static_cast<std::uint64_t>(epoch)));
  }
};

class SequentialSampler : public EpochSampler {
 public:
  using EpochSampler::EpochSampler;
  std::optional<Sampling> sampling() const override { return Sampling::sequential; }
  std::vector<std::int64_t> order(std::int64_t) const override {
    std::vector<std::int64_t> order(static_cast<std::size_t>(plan_.data.size()));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    return order;
  }
};

/// Every subset of batch_size examples is equally likely, independently at every step (Floyd's algorithm, O(batch)).
class UniformSampler : public Sampler {
 public:
  explicit UniformSampler(const SamplingPlan& plan) : plan_(plan) {
    if (plan.batch_size > plan.data.size())
      throw ConfigError("sampling without replacement needs a batch size of at most the dataset's size");
  }
  void sample(std::int64_t step, std::vector<std::int64_t>& indices) override {
    RandomGenerator generator = plan_.streams.generator("data order", static_cast<std::uint64_t>(step));
    indices.clear();
    std::unordered_set<std::int64_t> chosen;
    for (std::int64_t top = plan_.data.size() - plan_.batch_size; top < plan_.data.size(); ++top) {
      const auto candidate = static_cast<std::int64_t>(generator.below(static_cast<std::uint64_t>(top) + 1));
      const std::int64_t index = chosen.insert(candidate).second ? candidate : top;
      chosen.insert(index);
      indices.push_back(index);
    }
  }
  double steps_per_epoch() const override {
    return static_cast<double>(plan_.data.size()) / static_cast<double>(plan_.batch_size);
  }
  std::optional<Sampling> sampling() const override { return Sampling::uniform; }

 private:
  SamplingPlan plan_;
};

/// Every example is taken independently with probability batch/size; the gaps are geometric, O(batch).
class PoissonSampler : public Sampler {
 public:
  explicit PoissonSampler(const SamplingPlan& plan) : plan_(plan) {
    if (plan.batch_size > plan.data.size())
      throw ConfigError("Poisson sampling needs an expected batch size of at most the dataset's size");
  }
  void sample(std::int64_t step, std::vector<std::int64_t>& indices) override {
    indices.clear();
    const double rate = static_cast<double>(plan_.batch_size) / static_cast<double>(plan_.data.size());
    RandomGenerator generator = plan_.streams.generator("data order", static_cast<std::uint64_t>(step));
    if (rate >= 1) {
      indices.resize(static_cast<std::size_t>(plan_.data.size()));
      std::iota(indices.begin(), indices.end(), std::int64_t{0});
      return;
    }
    const double log_rest = std::log1p(-rate);
    for (double index = -1;;) {
      index += 1 + std::floor(std::log1p(-generator.uniform()) / log_rest);
      if (index >= static_cast<double>(plan_.data.size())) return;
      indices.push_back(static_cast<std::int64_t>(index));
    }
  }
  double steps_per_epoch() const override {
    return static_cast<double>(plan_.data.size()) / static_cast<double>(plan_.batch_size);
  }
  std::optional<Sampling> sampling() const override { return Sampling::poisson; }

 private:
  SamplingPlan plan_;
};

struct EpochOptions {
  bool drop_last = false;
};
void declare(config::Fields& f, EpochOptions& o) {
  f("drop_last", o.drop_last, "leave out the last, smaller batch of an epoch");
}
struct NoOptions {};
void declare(config::Fields&, NoOptions&) {}

template <class T>
std::unique_ptr<Sampler> make_epoch_sampler(const EpochOptions& options, const SamplingPlan& plan) {
  return std::make_unique<T>(plan, options.drop_last);
}
template <class T>
std::unique_ptr<Sampler> make_sampler(const NoOptions&, const SamplingPlan& plan) {
  return std::make_unique<T>(plan);
}

}  // namespace

void register_samplers() {
  static const bool once = [] {
    auto& registry = config::Registry<SamplerKind>::instance();
    registry.add<EpochOptions>("shuffle", "every epoch in a new random order", "standard",
                               make_epoch_sampler<ShuffleSampler>);
    registry.add<EpochOptions>("sequential", "the dataset's own order", "standard",
                               make_epoch_sampler<SequentialSampler>);
    registry.add<BlockSamplerOptions>(
        "blocks", "every epoch in a new order of blocks that are mixed by windows, for data on a disk", "ours",
        [](const BlockSamplerOptions& options, const SamplingPlan& plan) -> std::unique_ptr<Sampler> {
          return std::make_unique<BlockSampler>(options, plan);
        });
    registry.add<NoOptions>("uniform", "batches drawn uniformly without replacement, afresh at every step", "standard",
                            make_sampler<UniformSampler>);
    registry.add<NoOptions>("poisson", "every example independently with probability batch/size", "standard",
                            make_sampler<PoissonSampler>);
    return true;
  }();
  (void)once;
}

}  // namespace talweg::data
