#pragma once

namespace talweg::report {

/// The style sheet of a report: light and dark by the reader's preference, one column on a narrow
/// screen.
extern const char* const style_sheet;

}  // namespace talweg::report
