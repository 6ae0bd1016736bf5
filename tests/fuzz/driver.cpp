// fuzz TARGET FOLDER: runs a target on every file of the folder, then on a bounded number of deterministic mutations of
// them.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "target.h"

namespace {

struct Random {
  std::uint64_t state;
  std::size_t below(std::size_t bound) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return bound == 0 ? 0 : static_cast<std::size_t>(state >> 33) % bound;
  }
};

/// Flips bits, overwrites with telling values, cuts, repeats, or joins with another input.
std::string mutate(std::string input, const std::vector<std::string>& others, Random& random) {
  for (std::size_t edits = 1 + random.below(4); edits > 0; --edits) {
    const std::size_t at = random.below(input.size());
    switch (random.below(6)) {
      case 0:
        if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << random.below(8)));
        break;
      case 1:
        if (!input.empty()) input[at] = "\x00\xFF\x7F\x80 ,:\"\n\t[{&*"[random.below(14)];
        break;
      case 2:
        input.resize(at);
        break;
      case 3:
        input.insert(at, input.substr(at, random.below(32)));
        break;
      case 4:
        input.insert(at, std::to_string(random.below(3) ? random.state : 0));
        break;
      default: {
        const std::string& other = others[random.below(others.size())];
        input = input.substr(0, at) + other.substr(random.below(other.size()));
      }
    }
  }
  if (input.size() > 65536) input.resize(65536);
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  const auto target = argc == 3 ? talweg::fuzz::targets().find(argv[1]) : talweg::fuzz::targets().end();
  if (target == talweg::fuzz::targets().end()) {
    std::fprintf(stderr, "usage: fuzz TARGET FOLDER\ntargets:");
    for (const auto& [name, function] : talweg::fuzz::targets()) std::fprintf(stderr, " %s", name.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[2])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  if (inputs.empty()) {
    std::fprintf(stderr, "no corpus file found\n");
    return 1;
  }
  const auto run = [&](const std::string& input) { talweg::fuzz::run(target->second, input); };
  for (const std::string& input : inputs) run(input);
  const char* wanted = std::getenv("TALWEG_FUZZ_RUNS");
  const long runs = wanted ? std::atol(wanted) : 5000;
  Random random{1};
  for (long i = 0; i < runs; ++i) run(mutate(inputs[random.below(inputs.size())], inputs, random));
  std::printf("%zu corpus files and %ld mutations survived\n", inputs.size(), runs);
}
