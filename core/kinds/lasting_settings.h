#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/value.h"
#include "core/run/changed_settings.h"

namespace talweg {

/// Options, or sections, that may have other values when a run goes on: how long it goes on, where, and what is kept
/// and told of it.
const std::vector<std::string_view>& changeable_options();

/// Whether the option at this path is one of them or lies below one.
bool may_change(std::string_view path);

/// The options of a resolved configuration that may not change: with other values, the steps that were made would have
/// been others. The length is among them where noise was chosen for it (`optimizer.target_epsilon`).
Settings lasting_settings(const config::Value& resolved);

}  // namespace talweg
