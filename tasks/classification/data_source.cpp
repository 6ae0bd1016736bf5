#include "tasks/classification/data_source.h"

#include "core/data/bundled.h"
#include "core/data/csv.h"
#include "core/io/read_file.h"

namespace talweg::tasks {
namespace {

using config::Diagnostics;
using config::Fields;
using config::Value;

struct NoOptions {};
void declare(Fields&, NoOptions&) {}

struct CsvSource {
  std::string path;
  std::string evaluation_path;
  std::string delimiter = ",";
  data::CsvOptions csv;
};
void declare(Fields& f, CsvSource& o) {
  f("path", o.path, "file with the training examples, plain or gzip", config::required());
  f("evaluation_path", o.evaluation_path, "file with the evaluation examples (default: split off the training file)");
  f("delimiter", o.delimiter, "character between fields; 'tab' for a tab");
  f("header", o.csv.header, "whether the first line names the columns");
  f("label", o.csv.label, "label column: last, first, a number from 0, or a name from the header");
  f("skip_lines", o.csv.skip_lines, "lines passed over at the start", config::at_least(0));
}
void validate(const CsvSource& o, const Value& where, Diagnostics& diagnostics) {
  if (o.delimiter != "tab" && o.delimiter.size() != 1)
    diagnostics.error(where.where, "'delimiter' takes one character, or 'tab'");
}

ClassificationData read_csv(const CsvSource& source, const RandomStreams&) {
  data::CsvOptions options = source.csv;
  options.delimiter = source.delimiter == "tab" ? '\t' : source.delimiter.front();
  const auto read = [&](const std::string& path) {
    return path.empty() ? data::LabelledData() : data::parse_csv(io::read_file(path), path, options);
  };
  return {read(source.path), read(source.evaluation_path)};
}

}  // namespace

void register_classification_data() {
  static const bool once = [] {
    auto& registry = config::Registry<ClassificationDataKind>::instance();
    registry.add<NoOptions>("digits", "1,797 hand-written digits of 8×8 pixels, 10 classes (built in)", "UCI, CC BY 4.0",
                            [](const NoOptions&, const RandomStreams&) { return ClassificationData{data::digits(), {}}; });
    registry.add<NoOptions>("breast_cancer", "569 tumours with 30 measurements, 2 classes (built in)", "UCI, CC BY 4.0",
                            [](const NoOptions&, const RandomStreams&) { return ClassificationData{data::breast_cancer(), {}}; });
    registry.add<CsvSource>("csv", "delimited text, one example a line", "RFC 4180", read_csv);
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
