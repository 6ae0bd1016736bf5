#pragma once

#include "core/distributed/process_group.h"

namespace talweg::testing {

/// The group of the processes that this test program was started as (tests/distributed/launch.py).
distributed::ProcessGroup& ranks();

}  // namespace talweg::testing
