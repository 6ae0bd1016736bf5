#include "optim/nlopt/inverted_search.h"

#include <algorithm>
#include <utility>

namespace talweg::optim {

InvertedSearch::InvertedSearch(std::int64_t dimension, std::function<void(const Function&)> search)
    : point_(static_cast<std::size_t>(dimension)) {
  thread_ = std::thread([this, search = std::move(search)] {
    search([this](const double* x) { return ask(x); });
    const std::lock_guard lock(mutex_);
    over_ = true;
    turn_ = Turn::caller;
    changed_.notify_all();
  });
}

InvertedSearch::~InvertedSearch() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    turn_ = Turn::search;
    changed_.notify_all();
  }
  thread_.join();
}

std::optional<double> InvertedSearch::ask(const double* x) {
  std::unique_lock lock(mutex_);
  if (stopped_) return std::nullopt;
  std::copy(x, x + point_.size(), point_.begin());
  turn_ = Turn::caller;
  changed_.notify_all();
  changed_.wait(lock, [this] { return turn_ == Turn::search; });
  if (stopped_) return std::nullopt;
  return value_;
}

const std::vector<double>* InvertedSearch::wanted() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return turn_ == Turn::caller; });
  return over_ ? nullptr : &point_;
}

void InvertedSearch::tell(double value) {
  const std::lock_guard lock(mutex_);
  value_ = value;
  turn_ = Turn::search;
  changed_.notify_all();
}

}  // namespace talweg::optim
