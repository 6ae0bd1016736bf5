#pragma once

#include "core/metrics/record.h"

namespace talweg::metrics {

/// Where measured values go: a file, an event stream, a test's vector.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Takes one record; records come in the order of their steps. Throws SystemError when it cannot
  /// be written.
  virtual void write(const Record& record) = 0;
  /// Waits until everything written is on the device.
  virtual void flush() = 0;
};

}  // namespace talweg::metrics
