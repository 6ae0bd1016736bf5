#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "core/agents/links.h"
#include "core/io/output_file.h"
#include "core/plot/figure.h"

namespace talweg::agents {

/// What happened on the links, in a file of the run: a line of JSON a round, with the round ("round"), the messages
/// that were lost and those that waited for a busy link ([from, to]), those that arrived ([from, to, round in which it
/// was sent]), and of every direction of a link the age of the newest copy there, in rounds ([from, to, age]; −1: none
/// yet).
class LinkHistory {
 public:
  /// Opens the history, or begins one, and cuts off what it holds of round `next` and later ones. Throws DataError
  /// naming a line that is damaged.
  LinkHistory(const std::filesystem::path& file, std::int64_t next);

  /// Adds a round. It is with the operating system when this returns.
  void add(const LinkRecord& record);

  /// The rounds of a history, in order.
  static std::vector<LinkRecord> read(const std::filesystem::path& file);

 private:
  std::optional<io::OutputFile> file_;
};

/// The age of the copies over the rounds: a row for every direction of a link, a column for every round or for the
/// mean of several; cells are empty before the first copy arrived. Empty without rounds or links, and of more links
/// than can be told apart in a picture.
std::vector<plot::Figure> make_link_figures(const std::vector<LinkRecord>& records);

}  // namespace talweg::agents
