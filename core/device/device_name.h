#pragma once

#include <string>

namespace talweg {

/// What is wrong with a device as a configuration names it, as a sentence; empty for "cpu", "auto", a kind of
/// accelerator that LibTorch knows ("cuda", "xpu", "mps", …) and one of several of them ("cuda:1"). Whether it is
/// there, resolve_device() says.
std::string defect_of_device_name(const std::string& name);

}  // namespace talweg
