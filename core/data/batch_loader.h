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

/// Hands out the batches of consecutive steps on the training device. With `ahead` > 0 a background thread prepares
/// that many batches in advance, in pinned memory when the device is a GPU; the batches are the same either way.
class BatchLoader {
 public:
  /// `dataset` must outlive the loader. The first batch handed out is that of `first_step`.
  BatchLoader(const Dataset& dataset, std::unique_ptr<Sampler> sampler, at::Device device, std::int64_t ahead,
              std::int64_t first_step);
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  /// The batch of the next step. Rethrows what the dataset threw.
  Batch next();
  double steps_per_epoch() const { return steps_per_epoch_; }

 private:
  Batch prepare(std::int64_t step);
  void work();

  const Dataset& dataset_;
  std::unique_ptr<Sampler> sampler_;
  at::Device device_;
  std::int64_t ahead_;
  std::int64_t next_step_;
  double steps_per_epoch_;
  std::vector<std::int64_t> indices_;

  std::mutex mutex_;
  std::condition_variable filled_, taken_;
  std::deque<Batch> queue_;
  std::exception_ptr failure_;
  bool stopping_ = false;
  std::thread worker_;
};

}  // namespace talweg::data
