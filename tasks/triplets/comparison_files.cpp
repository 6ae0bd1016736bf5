#include "tasks/triplets/comparison_files.h"

#include <algorithm>

#include "core/data/numbers.h"
#include "core/libtorch.h"
#include "tasks/triplets/comparison_columns.h"
#include "tasks/triplets/file_reading.h"

namespace talweg::tasks {
namespace {

bool read_truth(const std::string& text, bool& value) {
  for (const char* yes : {"1", "true", "True", "yes"})
    if (text == yes) return value = true;
  value = false;
  for (const char* no : {"", "0", "false", "False", "no"})
    if (text == no) return true;
  return false;
}

void read_comparisons(const ComparisonFileOptions& o, const std::string& path, const MakeReader& make_reader,
                      ComparisonCollector& into, ComparisonData& data) {
  read_records(path, make_reader,
               {{o.user, true},
                {o.winner, true},
                {o.loser, true},
                {"label", false},
                {"weight", false},
                {"tie", false},
                {"time", false}},
               data.notes, data.files, [&](const std::vector<std::string>& values, const RecordReader& at) {
                 if (values[1] == values[2]) at.fail(fmt::format("the item '{}' is compared with itself", values[1]));
                 double label = 1, weight = 1;
                 bool tie = false;
                 if (!values[3].empty() && !(data::read_finite(values[3], label) && label >= 0 && label <= 1))
                   at.fail(fmt::format("the label '{}' is no number from 0 to 1", values[3]));
                 if (!values[4].empty() && !(data::read_finite(values[4], weight) && weight >= 0))
                   at.fail(fmt::format("the weight '{}' is no number from 0 on", values[4]));
                 if (!read_truth(values[5], tie))
                   at.fail(fmt::format("the tie '{}' is neither true nor false", values[5]));
                 if (tie && !values[3].empty() && label != 0.5)
                   at.fail(fmt::format("says it is a tie, and has the label {}", values[3]));
                 into.add(values[0], values[1], values[2], tie ? 0.5 : label, weight, values[6]);
               });
}

ComparisonData read(const ComparisonFileOptions& o, const MakeReader& make_reader, const RandomStreams& streams) {
  return read_divided(o.path, o.evaluation_path, o, streams,
                      [&](const std::string& path, ComparisonCollector& into, ComparisonData& data) {
                        read_comparisons(o, path, make_reader, into, data);
                      });
}

}  // namespace

void declare(config::Fields& f, ComparisonFileOptions& o) {
  f("path", o.path,
    "file, plain or gzip, of records with user, winner and loser, and possibly label (how far the winner was "
    "preferred, "
    "0 to 1), weight, tie and time",
    config::required());
  f("evaluation_path", o.evaluation_path, "file with the evaluation comparisons (default: split off)");
  f("user", o.user, "name of the field with the user");
  f("winner", o.winner, "name of the field with the item that was preferred");
  f("loser", o.loser, "name of the field with the other item");
  declare(f, static_cast<HeldOutOptions&>(o));
}

void declare(config::Fields& f, ComparisonCsvOptions& o) {
  declare(f, static_cast<ComparisonFileOptions&>(o));
  declare_delimiter(f, o.delimiter);
}

void validate(const ComparisonCsvOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  require_delimiter(o.delimiter, where, diagnostics);
}

ComparisonData read_comparison_csv(const ComparisonCsvOptions& options, const RandomStreams& streams) {
  return read(options, delimited(options.delimiter), streams);
}

ComparisonData read_comparison_json(const ComparisonFileOptions& options, const RandomStreams& streams) {
  return read(options, make_json_reader, streams);
}

}  // namespace talweg::tasks
