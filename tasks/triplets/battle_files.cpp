#include "tasks/triplets/battle_files.h"

#include "core/libtorch.h"
#include "tasks/triplets/comparison_columns.h"
#include "tasks/triplets/file_reading.h"

namespace talweg::tasks {
namespace {

void read_battles(const BattleFileOptions& o, const std::string& path, const MakeReader& make_reader,
                  ComparisonCollector& into, ComparisonData& data) {
  read_records(path, make_reader,
               {{o.first, true}, {o.second, true}, {o.outcome, true}, {o.user, false}, {o.time, false}}, data.notes,
               data.files, [&](const std::vector<std::string>& values, const RecordReader& at) {
                 const std::string &a = values[0], &b = values[1], &outcome = values[2];
                 if (a == b) at.fail(fmt::format("'{}' meets itself", a));
                 const bool tie = outcome.starts_with("tie") || outcome == "both bad" || outcome == "bothbad";
                 const bool second = outcome == o.second || outcome == b;
                 if (!tie && !second && outcome != o.first && outcome != a)
                   at.fail(fmt::format("the outcome '{}' is neither '{}', '{}', one of the two that met, nor 'tie'",
                                       outcome, o.first, o.second));
                 into.add(values[3].empty() ? "everyone" : values[3], second ? b : a, second ? a : b, tie ? 0.5 : 1, 1,
                          values[4]);
               });
}

ComparisonData read(const BattleFileOptions& o, const MakeReader& make_reader, const RandomStreams& streams) {
  return read_divided(o.path, o.evaluation_path, o, streams,
                      [&](const std::string& path, ComparisonCollector& into, ComparisonData& data) {
                        read_battles(o, path, make_reader, into, data);
                      });
}

}  // namespace

void declare(config::Fields& f, BattleFileOptions& o) {
  f("path", o.path, "file, plain or gzip, of records with the two that met and the outcome", config::required());
  f("evaluation_path", o.evaluation_path, "file with the battles for evaluation (default: split off)");
  f("user", o.user, "name of the field that says whose judgement it is (its absence: everyone's)");
  f("first", o.first, "name of the field with one of the two");
  f("second", o.second, "name of the field with the other");
  f("outcome", o.outcome, "name of the field with the winner or 'tie'");
  f("time", o.time, "name of the field with the time, for 'split: latest'");
  declare(f, static_cast<HeldOutOptions&>(o));
}

void declare(config::Fields& f, BattleCsvOptions& o) {
  declare(f, static_cast<BattleFileOptions&>(o));
  declare_delimiter(f, o.delimiter);
}

void validate(const BattleCsvOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  require_delimiter(o.delimiter, where, diagnostics);
}

ComparisonData read_battle_csv(const BattleCsvOptions& options, const RandomStreams& streams) {
  return read(options, delimited(options.delimiter), streams);
}

ComparisonData read_battle_json(const BattleFileOptions& options, const RandomStreams& streams) {
  return read(options, make_json_reader, streams);
}

}  // namespace talweg::tasks
