// Seconds per answer of the accountants, with the answers, as JSON:
//   {"1.1,0.01,10000,1e-05": {"pld": [seconds, lower, upper], "rdp": [seconds, epsilon]}, …}
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/privacy/accountant.h"

namespace {

using namespace talweg::privacy;
using Clock = std::chrono::steady_clock;

/// The median of several rounds.
template <class F>
double seconds(int rounds, F&& call) {
  std::vector<double> times;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    call();
    times.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<std::size_t>(rounds / 2)];
}

}  // namespace

int main() {
  struct Setting {
    double noise, rate;
    std::int64_t steps;
    double delta;
  };
  const Setting settings[] = {{1.1, 0.01, 10000, 1e-5}, {4.0, 0.01, 10000, 1e-5}, {0.7, 0.01, 120, 1e-5}};
  nlohmann::ordered_json answer;
  for (const Setting& s : settings) {
    const Ledger ledger({.sampling_rate = s.rate, .noise_multiplier = s.noise}, s.steps);
    PrivacySpent pld, rdp;
    const double pld_seconds = seconds(9, [&] { pld = find_accountant("pld").spent(ledger, s.delta); });
    const double rdp_seconds = seconds(99, [&] { rdp = find_accountant("sgm_rdp").spent(ledger, s.delta); });
    answer[fmt::format("{},{},{},{}", s.noise, s.rate, s.steps, s.delta)] = {
        {"pld", {pld_seconds, *pld.at_least, pld.epsilon}}, {"rdp", {rdp_seconds, rdp.epsilon}}};
  }
  fmt::print("{}\n", answer.dump(2));
}
