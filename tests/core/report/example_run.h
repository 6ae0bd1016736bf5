#pragma once

#include <cmath>
#include <filesystem>
#include <random>
#include <string>

#include "core/io/atomic_file.h"
#include "core/metrics/json_lines.h"
#include "core/plot/figure.h"

namespace talweg::testing {

struct ExampleRun {
  std::string name = "digits";
  double learning_rate = 1e-3;
  int64_t steps = 3000;
  unsigned seed = 1;
  bool finished = true;
};

/// A run directory as training would leave it: noisy loss, evaluations, a confusion matrix,
/// expectations.
inline void write_example_run(const std::filesystem::path& folder, const ExampleRun& run) {
  std::filesystem::create_directories(folder);
  io::write_file_atomically(folder / "config.yaml",
                            "name: " + run.name + "\nseed: " + std::to_string(run.seed) +
                                "\ntask:\n  kind: classification\n  data: {kind: digits, batch_size: 64}\n"
                                "model: {kind: mlp, hidden: [64, 32]}\noptimizer:\n  kind: adamw\n"
                                "  learning_rate: " +
                                std::to_string(run.learning_rate) + "\n  weight_decay: 0.01\n");
  io::write_file_atomically(folder / "environment.json",
                            R"({"talweg": "0.1.0", "started": "2026-01-31 14:05 UTC", "device": "cpu", "threads": 2,
          "libtorch": {"version": "2.11.0", "cuda": null}, "deterministic": true})");
  std::mt19937 generator(run.seed);
  std::normal_distribution<double> noise;
  const double rate = run.learning_rate * 1.5;
  std::filesystem::remove(folder / "metrics.jsonl");
  metrics::JsonLinesSink sink(folder / "metrics.jsonl");
  double accuracy = 0, loss = 0;
  for (int64_t step = 1; step <= run.steps; ++step) {
    const double t = static_cast<double>(step);
    const double trend = 2.25 * std::exp(-rate * t) + 0.04 + 0.3 / (1 + 0.02 * t);
    const double seconds = 0.0042 * t + 0.3 * std::floor(t / 150);
    metrics::Record record{step, seconds, t / 23, {}};
    record.values = {
        {"train/loss", trend * std::exp(0.22 * noise(generator))},
        {"train/gradient_norm", 0.4 + trend * std::abs(1 + 0.3 * noise(generator))},
        {"optimizer/learning_rate", run.learning_rate * std::min(1.0, t / 200) *
                                        (0.5 + 0.5 * std::cos(3.14159 * t / static_cast<double>(run.steps)))}};
    sink.write(record);
    if (step % 150 != 0) continue;
    loss = trend + 0.06 + 0.01 * noise(generator);
    accuracy = 0.982 - 0.6 * std::exp(-rate * 1.3 * t) + 0.002 * noise(generator);
    sink.write({step, seconds + 0.3, t / 23, {{"eval/loss", loss}, {"eval/accuracy", accuracy}}});
  }
  plot::Figure confusion;
  confusion.name = "confusion";
  confusion.title = "Confusion matrix";
  confusion.x_label = "predicted digit";
  confusion.y_label = "true digit";
  confusion.caption = "Test examples by true and predicted class: 4 and 9 are confused most.";
  for (int i = 0; i < 10; ++i) {
    confusion.heat_map.row_labels.push_back(std::to_string(i));
    confusion.heat_map.values.emplace_back();
    for (int j = 0; j < 10; ++j)
      confusion.heat_map.values.back().push_back(i == j ? 33 + i % 3 : (i * 7 + j * 5) % 9 == 0);
  }
  confusion.heat_map.column_labels = confusion.heat_map.row_labels;
  plot::save_figure(confusion, folder / "figures");
  plot::Figure calibration;
  calibration.name = "calibration";
  calibration.title = "Calibration";
  calibration.x_label = "stated confidence";
  calibration.y_label = "share that is right";
  calibration.caption = "On the dashed diagonal the model is as often right as it claims.";
  plot::Series measured{"measured", {}, {}}, ideal{"ideal", {0, 1}, {0, 1}, plot::SeriesStyle::dashed, 7};
  for (int i = 1; i <= 10; ++i) {
    measured.x.push_back(i / 10.0 - 0.05);
    measured.y.push_back(std::pow(i / 10.0 - 0.05, 1.25));
  }
  calibration.series = {measured, ideal};
  plot::save_figure(calibration, folder / "figures");
  std::filesystem::remove(folder / "summary.json");
  if (!run.finished) return;
  const auto number = [](double value) { return std::to_string(value); };
  io::write_file_atomically(
      folder / "summary.json",
      "{\"name\":\"" + run.name + "\",\"status\":\"completed\",\"steps\":" + std::to_string(run.steps) +
          ",\"examples\":" + std::to_string(run.steps * 64) +
          ",\"seconds\":18.6,\"parameters\":6570,\"metrics\":{\"train/loss\":0.0476,\"eval/"
          "loss\":" +
          number(loss) + ",\"eval/accuracy\":" + number(accuracy) +
          "},\"best\":{\"metric\":\"eval/accuracy\",\"value\":" + number(accuracy + 0.001) +
          ",\"step\":2850},\"expectations\":["
          "{\"claim\":\"A small MLP reads the digits\",\"metric\":\"eval/accuracy\",\"at\":\"end\","
          "\"expected\":0.97,\"tolerance\":0.02,\"got\":" +
          number(accuracy) +
          ",\"met\":true,\"source\":\"UCI digits, logistic regression baseline\"},"
          "{\"claim\":\"Loss approaches the entropy of the "
          "labels\",\"metric\":\"eval/loss\",\"at\":\"end\","
          "\"expected\":0.02,\"tolerance\":\"3%\",\"got\":" +
          number(loss) + ",\"met\":false,\"source\":\"closed form, section 5.3\"}]}");
}

}  // namespace talweg::testing
