// Megabytes per second of the tokenizers, every line of a text on its own: bench_tokenizers GGUF WORDPIECE TEXT
// DESCRIPTION The tokenizer of the GGUF file is also written to DESCRIPTION as a tokenizer.json, for the peer.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>

#include "core/io/output_file.h"
#include "core/tokenizer/gguf_tokenizer.h"
#include "core/tokenizer/read_tokenizer.h"

namespace {

using namespace talweg;

nlohmann::json measure(const tokenizer::Tokenizer& tokenizer, const std::string& text) {
  std::vector<double> rates;
  std::size_t tokens = 0;
  for (int pass = 0; pass < 7; ++pass) {
    const auto begin = std::chrono::steady_clock::now();
    tokens = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      tokens += tokenizer.encode(std::string_view(text).substr(at, end - at)).size();
      at = end + 1;
    }
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    rates.push_back(static_cast<double>(text.size()) / 1e6 / time.count());
  }
  std::sort(rates.begin(), rates.end());
  return {{"megabytes_per_second", rates[rates.size() / 2]}, {"tokens", tokens}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string text = io::read_whole_file(argv[3]);
  const weights::GgufFile file(argv[1]);
  std::ofstream(argv[4]) << tokenizer::gguf_tokenizer_json(file);
  std::cout << nlohmann::json{{"bpe", measure(*tokenizer::gguf_tokenizer(file), text)},
                              {"word_piece", measure(*tokenizer::read_tokenizer(argv[2]), text)}}
            << std::endl;
}
