// Writes the event files of a run that was killed after step 30 and resumed from its checkpoint of
// step 20. usage: write_tensorboard_events FOLDER
#include <cmath>
#include <limits>
#include <string>

#include "core/metrics/tensorboard.h"

using talweg::metrics::TensorBoardSink;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string folder = argv[1];
  TensorBoardSink first(folder);
  for (int64_t step = 10; step <= 30; step += 10)
    first.write({step, 0, 0, {{"train/loss", 1.0 / double(step)}, {"eval/Genauigkeit ∅", 0.5}}});

  TensorBoardSink second(folder, 20);
  second.write({30, 0, 0, {{"train/loss", 100.25}}});
  second.write({int64_t{1} << 40, 0, 0, {{"train/loss", std::nan("")}, {"bad\xFFname", 2}}});
  second.write({(int64_t{1} << 40) + 1, 0, 0, {{"train/loss", -std::numeric_limits<double>::infinity()}}});
  second.flush();
}
