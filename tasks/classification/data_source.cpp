#include "tasks/classification/data_source.h"

#include "core/data/bundled.h"
#include "core/data/cifar.h"
#include "core/data/csv.h"
#include "core/data/golden.h"
#include "core/data/idx.h"
#include "core/data/libsvm.h"
#include "core/data/synthetic.h"
#include "core/files/read_file.h"

namespace talweg::tasks {
namespace {

using config::Diagnostics;
using config::Fields;
using config::Value;

/// The bytes of a file, which is noted in `files`.
std::string read_noted(const std::string& path, io::FileFingerprints& files) {
  std::string bytes = io::read_file(path);  // its sentence on a missing file has the nearest name
  files.push_back(io::fingerprint_of(path));
  return bytes;
}

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
  ClassificationData result;
  result.training = data::parse_csv(read_noted(source.path, result.files), source.path, options);
  if (source.evaluation_path.empty()) return result;
  options.like = result.training.layout;
  result.evaluation =
      data::parse_csv(read_noted(source.evaluation_path, result.files), source.evaluation_path, options);
  return result;
}

struct LibsvmSource {
  std::string path;
  std::string evaluation_path;
  std::int64_t features = 0;
  std::optional<std::int64_t> index_base;
};
void declare(Fields& f, LibsvmSource& o) {
  f("path", o.path, "file with the training examples, plain or gzip", config::required());
  f("evaluation_path", o.evaluation_path, "file with the evaluation examples (default: split off the training file)");
  f("features", o.features, "number of features (0: the largest index in the training file)", config::at_least(0));
  f("index_base", o.index_base,
    "what indices count from, in every file: 0 or 1 (default: 0 where the training file uses it, else 1)",
    config::at_least(0), config::at_most(1));
}

ClassificationData read_libsvm(const LibsvmSource& source, const RandomStreams&) {
  ClassificationData result;
  data::LibsvmOptions options;
  options.features = source.features;
  options.index_base = source.index_base;
  result.training = data::parse_libsvm(read_noted(source.path, result.files), source.path, options);
  if (source.evaluation_path.empty()) return result;
  options.features = result.training.inputs.size(1);
  options.index_base = result.training.layout.index_base;
  result.evaluation =
      data::parse_libsvm(read_noted(source.evaluation_path, result.files), source.evaluation_path, options);
  return result;
}

struct IdxSource {
  std::string images, labels;
  std::string evaluation_images, evaluation_labels;
};
void declare(Fields& f, IdxSource& o) {
  f("images", o.images, "file with the training images, plain or gzip", config::required());
  f("labels", o.labels, "file with their labels", config::required());
  f("evaluation_images", o.evaluation_images,
    "file with the evaluation images (default: split off the training files)");
  f("evaluation_labels", o.evaluation_labels, "file with their labels");
}
void validate(const IdxSource& o, const Value& where, Diagnostics& diagnostics) {
  if (o.evaluation_images.empty() != o.evaluation_labels.empty())
    diagnostics.error(where.where, "'evaluation_images' and 'evaluation_labels' are given together or not at all");
}

ClassificationData read_idx(const IdxSource& source, const RandomStreams&) {
  ClassificationData result;
  const auto read = [&](const std::string& images, const std::string& labels) {
    if (images.empty()) return data::LabelledData();
    return data::combine_idx(data::parse_idx(read_noted(images, result.files), images),
                             data::parse_idx(read_noted(labels, result.files), labels), images);
  };
  result.training = read(source.images, source.labels);
  result.evaluation = read(source.evaluation_images, source.evaluation_labels);
  return result;
}

struct CifarSource {
  std::vector<std::string> paths, evaluation_paths;
  data::CifarLabels labels = data::CifarLabels::ten;
};
void declare(Fields& f, CifarSource& o) {
  f("paths", o.paths, "files with the training records (data_batch_1.bin, …)", config::required());
  f("evaluation_paths", o.evaluation_paths,
    "files with the evaluation records (default: split off the training files)");
  f("labels", o.labels, "CIFAR-10, or the coarse or fine labels of CIFAR-100");
}

ClassificationData read_cifar(const CifarSource& source, const RandomStreams&) {
  ClassificationData result;
  const auto read = [&](const std::vector<std::string>& paths) {
    std::vector<data::LabelledData> parts;
    for (const std::string& path : paths)
      parts.push_back(data::parse_cifar(read_noted(path, result.files), path, source.labels));
    return data::concatenate(parts);
  };
  result.training = read(source.paths);
  result.evaluation = read(source.evaluation_paths);
  return result;
}

struct BlobsSource {
  std::int64_t examples = 1000, features = 10, classes = 3;
  double distance = 2;
};
void declare(Fields& f, BlobsSource& o) {
  f("examples", o.examples, "number of examples", config::at_least(2));
  f("features", o.features, "number of features", config::at_least(1));
  f("classes", o.classes, "number of clouds", config::at_least(2));
  f("distance", o.distance, "deviation of the centres in deviations of a cloud", config::at_least(0));
}

struct MoonsSource {
  std::int64_t examples = 1000;
  double noise = 0.1;
};
void declare(Fields& f, MoonsSource& o) {
  f("examples", o.examples, "number of examples", config::at_least(2));
  f("noise", o.noise, "deviation of the noise; the circles have radius 1", config::at_least(0));
}

struct SpiralsSource {
  std::int64_t examples = 1000, classes = 2;
  double noise = 0.02;
};
void declare(Fields& f, SpiralsSource& o) {
  f("examples", o.examples, "number of examples", config::at_least(2));
  f("classes", o.classes, "number of spirals", config::at_least(2));
  f("noise", o.noise, "deviation of the noise; the spirals have radius 1", config::at_least(0));
}

struct SeparableSource {
  std::int64_t examples = 1000, features = 20;
  double margin = 0.1;
};
void declare(Fields& f, SeparableSource& o) {
  f("examples", o.examples, "number of examples", config::at_least(2));
  f("features", o.features, "number of features", config::at_least(1));
  f("margin", o.margin, "smallest distance of a point from the separating hyperplane", config::above(0));
}

}  // namespace

void register_classification_data() {
  static const bool once = [] {
    auto& registry = config::Registry<ClassificationDataKind>::instance();
    registry.add<NoOptions>("digits", "1,797 hand-written digits of 8×8 pixels, 10 classes (built in)",
                            "UCI, CC BY 4.0", [](const NoOptions&, const RandomStreams&) {
                              return ClassificationData{data::digits(), {}};
                            });
    registry.add<NoOptions>("breast_cancer", "569 tumours with 30 measurements, 2 classes (built in)", "UCI, CC BY 4.0",
                            [](const NoOptions&, const RandomStreams&) {
                              return ClassificationData{data::breast_cancer(), {}};
                            });
    registry.add<CsvSource>("csv", "delimited text, one example a line", "RFC 4180", read_csv);
    registry.add<LibsvmSource>("libsvm", "LIBSVM's sparse text format", "Chang and Lin 2011", read_libsvm);
    registry.add<IdxSource>("idx", "images and labels in MNIST's format", "LeCun et al. 1998", read_idx);
    registry.add<CifarSource>("cifar", "CIFAR-10 or CIFAR-100 in the binary format", "Krizhevsky 2009", read_cifar);
    registry.add<BlobsSource>(
        "gaussian_blobs", "one Gaussian cloud per class (synthetic)", "standard",
        [](const BlobsSource& o, const RandomStreams& streams) {
          return ClassificationData{data::gaussian_blobs(o.examples, o.features, o.classes, o.distance, streams), {}};
        });
    registry.add<MoonsSource>("two_moons", "two interleaved half circles (synthetic)", "standard",
                              [](const MoonsSource& o, const RandomStreams& streams) {
                                return ClassificationData{data::two_moons(o.examples, o.noise, streams), {}};
                              });
    registry.add<SpiralsSource>("spirals", "interleaved spirals (synthetic)", "standard",
                                [](const SpiralsSource& o, const RandomStreams& streams) {
                                  return ClassificationData{data::spirals(o.examples, o.classes, o.noise, streams), {}};
                                });
    registry.add<SeparableSource>(
        "separable", "two classes separated by a hyperplane with a margin (synthetic)", "Vaswani et al. 2019",
        [](const SeparableSource& o, const RandomStreams& streams) {
          return ClassificationData{data::separable(o.examples, o.features, o.margin, streams), {}};
        });
    // The golden sets are for numbers to compare: all examples are trained on and evaluated.
    const auto golden = [&](const char* name, const char* summary, data::LabelledData (*make)()) {
      registry.add<NoOptions>(name, summary, "ours", [make](const NoOptions&, const RandomStreams&) {
        const data::LabelledData data = make();
        return ClassificationData{data, data};
      });
    };
    golden("golden_separable", "64 points in R^4 by a formula, linearly separable", data::golden_separable);
    golden("golden_overlapping", "the same points, five labels flipped", data::golden_overlapping);
    golden("golden_three_classes", "60 points in R^4 by a formula, 3 classes", data::golden_three_classes);
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
