#include "core/data/batch_loader.h"

#include <ATen/Parallel.h>

#include "core/device/pinned_memory.h"
#include "core/libtorch.h"

namespace talweg::data {
namespace {

/// Leaves the indices that belong to a part.
void keep_part(std::vector<std::int64_t>& indices, const BatchPart& part) {
  std::size_t kept = 0;
  for (auto i = static_cast<std::size_t>(part.rank); i < indices.size(); i += static_cast<std::size_t>(part.size))
    indices[kept++] = indices[i];
  indices.resize(kept);
}

}  // namespace

BatchLoader::BatchLoader(const Dataset& dataset, std::unique_ptr<Sampler> sampler, at::Device device,
                         std::int64_t ahead, std::int64_t first_step, BatchPart part)
    : dataset_(dataset),
      sampler_(std::move(sampler)),
      device_(device),
      ahead_(ahead),
      next_step_(first_step),
      part_(part),
      steps_per_epoch_(sampler_->steps_per_epoch()) {
  if (ahead_ > 0) worker_ = std::thread([this] { work(); });
}

BatchLoader::~BatchLoader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  taken_.notify_all();
  if (worker_.joinable()) worker_.join();
}

BatchLoader::Prepared BatchLoader::prepare(std::int64_t step) {
  sampler_->sample(step, indices_);
  Prepared prepared{{}, static_cast<std::int64_t>(indices_.size())};
  if (part_.size > 1) keep_part(indices_, part_);
  Batch& batch = prepared.batch = dataset_.batch(indices_, step);
  if (!device_.is_cpu())
    for (at::Tensor& tensor : batch.tensors) tensor = ready_for_transfer(tensor);
  return prepared;
}

void BatchLoader::work() {
  at::set_num_threads(1);  // of this thread only: the training thread keeps its own team
  std::int64_t step = next_step_;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      taken_.wait(lock, [&] { return stopping_ || static_cast<std::int64_t>(queue_.size()) < ahead_; });
      if (stopping_) return;
    }
    try {
      Prepared prepared = prepare(step++);
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(prepared));
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      filled_.notify_one();
      return;
    }
    filled_.notify_one();
  }
}

Batch BatchLoader::next() {
  Prepared prepared;
  if (ahead_ == 0) {
    prepared = prepare(next_step_++);
  } else {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return !queue_.empty() || failure_; });
    if (queue_.empty()) std::rethrow_exception(failure_);
    prepared = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    taken_.notify_one();
  }
  whole_size_ = prepared.whole_size;
  return device_.is_cpu() ? prepared.batch : prepared.batch.to(device_);
}

}  // namespace talweg::data
