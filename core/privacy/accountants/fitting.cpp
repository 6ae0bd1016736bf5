#include <fmt/format.h>

#include "core/error.h"
#include "core/privacy/accountants/families.h"

namespace talweg::privacy {
namespace {

std::string needs(const char* what, const Mechanism& m) {
  return fmt::format("is for {}, the sampler is {}", what, name_of(m.sampling));
}

}  // namespace

std::string poisson_misfit(const Mechanism& m) {
  return m.sampling == Sampling::poisson ? "" : needs("Poisson samples", m);
}

std::string without_replacement_misfit(const Mechanism& m) {
  return m.sampling == Sampling::uniform ? "" : needs("fresh subsets without replacement", m);
}

std::string epoch_misfit(const Mechanism& m) {
  return uses_each_once_per_epoch(m.sampling)
             ? ""
             : needs("shuffled or sequential epochs, in which an example is used once", m);
}

std::string bounded_domain_misfit(const Mechanism& m) {
  if (!m.domain) return "needs a bounded domain ('domain: {radius: …}')";
  if (!m.domain->smoothness)
    return "needs 'smoothness', the constant L of every example's gradient, which only you can know";
  if (!m.plain_sgd)
    return "is proven for plain SGD with flat clipping; momentum, Adam, weight decay and other clippings are not "
           "covered, nor are parameters that are averaged or sent to others on the way";
  if (m.learning_rate <= 0) return "needs the learning rate";
  if (m.batch_size <= 0) return "needs the batch size";
  return "";
}

const Ledger::Entry& only_entry(const Ledger& ledger, const char* accountant) {
  if (ledger.entries().size() != 1)
    throw ConfigError(
        fmt::format("the accountant '{}' needs the same noise, clipping, learning rate and domain in all steps, "
                    "this ledger has {} different ones",
                    accountant, ledger.entries().size()));
  return ledger.entries().front();
}

std::vector<std::string> order_warnings(bool at_end, double order) {
  if (!at_end) return {};
  return {
      fmt::format("The best Rényi order {} is the end of the range that was tried: the ε is true but may be larger "
                  "than necessary.",
                  order)};
}

}  // namespace talweg::privacy
