#include "core/distributed/gradient_reducer.h"

#include <chrono>
#include <mutex>
#include <torch/csrc/distributed/c10d/comm.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include "core/libtorch.h"

namespace talweg::distributed {
namespace {

using std::chrono::steady_clock;

/// What the exchanges of a backward pass came to; they end on other threads. Time counts once however many buckets are
/// on their way.
struct Exchanges {
  std::mutex mutex;
  ProcessGroup::Traffic traffic;
  std::int64_t under_way = 0;
  steady_clock::time_point since;
  std::string failure;
  bool last = false;  // the last bucket was sent

  void begin(bool is_last) {
    const std::lock_guard lock(mutex);
    last |= is_last;
    if (under_way++ == 0) since = steady_clock::now();
  }
  void end(std::int64_t bytes, const std::string& error) {
    const std::lock_guard lock(mutex);
    traffic.bytes += bytes;
    if (--under_way == 0) traffic.seconds += std::chrono::duration<double>(steady_clock::now() - since).count();
    if (!error.empty()) failure = error;
  }
};

/// Sums a bucket as it is, or rounded to 16 bits; nothing is divided, for the losses of the ranks are weighted already.
class SumHook : public c10d::CommHookInterface {
 public:
  SumHook(c10d::ProcessGroup& group, Compression compression, std::shared_ptr<Exchanges> exchanges)
      : group_(group), compression_(compression), exchanges_(std::move(exchanges)) {}

  c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override {
    const at::Tensor buffer = bucket.getBufferRef();
    at::Tensor sent = buffer;
    if (compression_ == Compression::bfloat16) sent = buffer.to(at::kBFloat16);
    if (compression_ == Compression::float16) sent = buffer.to(at::kHalf);
    exchanges_->begin(bucket.isLast());
    std::vector<at::Tensor> list{sent};
    const auto bytes = static_cast<std::int64_t>(sent.nbytes());
    return group_.allreduce(list)->getFuture()->then(
        [sent, buffer, bytes, exchanges = exchanges_](c10::ivalue::Future& done) -> c10::IValue {
          exchanges->end(bytes, done.hasError() ? done.tryRetrieveErrorMessage() : "");
          done.value();  // rethrows
          if (sent.is_same(buffer)) return c10::IValue(buffer);
          torch::NoGradGuard no_grad;
          return c10::IValue(buffer.copy_(sent));
        },
        c10::TensorType::get());
  }

  at::Tensor parseHookResult(const c10::IValue& result) override { return result.toTensor(); }

 private:
  c10d::ProcessGroup& group_;
  Compression compression_;
  std::shared_ptr<Exchanges> exchanges_;
};

}  // namespace

struct GradientReducer::State {
  explicit State(ProcessGroup& ranks) : group(ranks) {}
  ProcessGroup& group;
  std::shared_ptr<Exchanges> exchanges = std::make_shared<Exchanges>();
  bool find_unused = false;
  std::unique_ptr<c10d::Reducer> reducer;
};

GradientReducer::GradientReducer(ProcessGroup& group, const std::vector<std::pair<std::string, at::Tensor>>& parameters,
                                 const std::vector<bool>& used)
    : state_(std::make_unique<State>(group)) {
  std::vector<at::Tensor> tensors;
  std::unordered_map<std::size_t, std::string> names;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    tensors.push_back(parameters[i].second);
    names[i] = parameters[i].first;
    if (!used[i]) state_->find_unused = true;
  }
  if (group.options().find_unused_parameters) state_->find_unused = true;
  const auto bytes = static_cast<std::int64_t>(group.options().bucket_megabytes * (1 << 20));
  const std::int64_t first = std::min<std::int64_t>(bytes, 1 << 20);
  const std::vector<bool> sparse(tensors.size(), false);
  auto [buckets, limits] = c10d::compute_bucket_assignment_by_size(
      tensors, {static_cast<std::size_t>(first), static_cast<std::size_t>(bytes)}, sparse);
  std::reverse(buckets.begin(), buckets.end());  // gradients come from the last layer first
  state_->reducer = std::make_unique<c10d::Reducer>(
      tensors, buckets, c10::intrusive_ptr<c10d::ProcessGroup>::reclaim_copy(&group.handle()), sparse, bytes,
      state_->find_unused, /*gradient_as_bucket_view=*/false, names, first, /*skip_all_reduce_unused_params=*/false,
      /*use_python_reducer=*/false, std::vector<std::int64_t>{});
  state_->reducer->register_comm_hook(
      std::make_unique<SumHook>(group.handle(), group.options().compression, state_->exchanges));
}

GradientReducer::~GradientReducer() = default;

void GradientReducer::begin(const at::Tensor& loss) {
  {
    const std::lock_guard lock(state_->exchanges->mutex);
    state_->exchanges->last = false;
  }
  state_->reducer->rebuild_buckets();
  // Its advice to switch the search off, where it found nothing, is for users of its own.
  class Silence : public c10::WarningHandler {
    void process(const c10::Warning&) override {}
  } silence;
  const c10::WarningUtils::WarningHandlerGuard guard(&silence);
  state_->reducer->prepare_for_backward(state_->find_unused ? std::vector<at::Tensor>{loss}
                                                            : std::vector<at::Tensor>{});
}

bool GradientReducer::end() {
  const std::lock_guard lock(state_->exchanges->mutex);
  state_->group.count(state_->exchanges->traffic);
  state_->exchanges->traffic = {};
  return state_->exchanges->last;  // buckets are sent in order
}

std::string GradientReducer::failure() const {
  const std::lock_guard lock(state_->exchanges->mutex);
  return state_->exchanges->failure;
}

}  // namespace talweg::distributed
