#pragma once

#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "core/data/dataset.h"
#include "core/data/sampler.h"

namespace talweg::data {

/// Which part of every batch is wanted: examples rank, rank + size, rank + 2·size, … of it. The first examples of a
/// batch are thus the first ones of its parts.
struct BatchPart {
  std::int64_t rank = 0, size = 1;
};

/// Hands out the batches of consecutive steps on the training device. With `ahead` > 0 a background thread prepares
/// that many batches in advance, in pinned memory when the device is a GPU; the batches are the same either way.
class BatchLoader {
 public:
  /// `dataset` must outlive the loader. The first batch handed out is that of `first_step`.
  BatchLoader(const Dataset& dataset, std::unique_ptr<Sampler> sampler, at::Device device, std::int64_t ahead,
              std::int64_t first_step, BatchPart part = {});
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  /// The batch of the next step. Rethrows what the dataset threw.
  Batch next();
  /// Examples in the whole batch that next() last handed out a part of.
  std::int64_t whole_size() const { return whole_size_; }
  double steps_per_epoch() const { return steps_per_epoch_; }
  /// How batches are drawn, as the sampler says.
  std::optional<Sampling> sampling() const { return sampler_->sampling(); }

 private:
  struct Prepared {
    Batch batch;
    std::int64_t whole_size = 0;
  };
  Prepared prepare(std::int64_t step);
  void work();

  const Dataset& dataset_;
  std::unique_ptr<Sampler> sampler_;
  at::Device device_;
  std::int64_t ahead_;
  std::int64_t next_step_;
  BatchPart part_;
  std::int64_t whole_size_ = 0;
  double steps_per_epoch_;
  std::vector<std::int64_t> indices_;

  std::mutex mutex_;
  std::condition_variable filled_, taken_;
  std::deque<Prepared> queue_;
  std::exception_ptr failure_;
  bool stopping_ = false;
  std::thread worker_;
};

}  // namespace talweg::data
