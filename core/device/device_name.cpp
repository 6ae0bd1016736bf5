#include "core/device/device_name.h"

#include <ATen/DeviceAccelerator.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/io/closest_word.h"

namespace talweg {
namespace {

bool names_an_accelerator(const std::string& kind) {
  try {
    return at::accelerator::isAccelerator(c10::Device(kind).type());
  } catch (const c10::Error&) {  // LibTorch's parser knows no such name
    return false;
  }
}

bool is_number_of_a_device(const std::string& text) {
  constexpr std::size_t kDigits = 3;
  return !text.empty() && text.size() <= kDigits && text.find_first_not_of("0123456789") == std::string::npos &&
         (text.size() == 1 || text.front() != '0') && std::stoi(text) <= 127;
}

}  // namespace

std::string defect_of_device_name(const std::string& name) {
  if (name == "auto" || name == "cpu") return {};
  const std::size_t colon = name.find(':');
  const std::string kind = name.substr(0, colon);
  if (names_an_accelerator(kind)) {
    if (colon == std::string::npos || is_number_of_a_device(name.substr(colon + 1))) return {};
    return fmt::format("'device' takes a number from 0 to 127 after '{}:', found '{}'", kind, name);
  }
  return fmt::format(
      "'device' takes cpu, auto, or an accelerator: cuda, xpu, mps, or cuda:N for one of several; found '{}'{}", name,
      io::suggestion(kind, {"cpu", "auto", "cuda", "xpu", "mps"}));
}

}  // namespace talweg
