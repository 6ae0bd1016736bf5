#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace talweg::optim {

/// A search that calls a function, turned round: it is asked which point it wants, and told the value. The search runs
/// on a thread of its own, of which only one of the two ever goes on.
class InvertedSearch {
 public:
  /// Value of a point [d]; nothing when the search has to end.
  using Function = std::function<std::optional<double>(const double* x)>;

  /// `search` calls the function again and again, and returns when it has ended, or soon after it got no value.
  InvertedSearch(std::int64_t dimension, std::function<void(const Function&)> search);
  ~InvertedSearch();
  InvertedSearch(const InvertedSearch&) = delete;
  InvertedSearch& operator=(const InvertedSearch&) = delete;

  /// The point whose value is wanted, or null when the search has ended. It stays until tell().
  const std::vector<double>* wanted();
  /// The value of wanted(), which was not null.
  void tell(double value);

 private:
  enum class Turn { caller, search };
  std::optional<double> ask(const double* x);

  std::mutex mutex_;
  std::condition_variable changed_;
  Turn turn_ = Turn::search;
  bool over_ = false, stopped_ = false;
  std::vector<double> point_;
  double value_ = 0;
  std::thread thread_;
};

}  // namespace talweg::optim
