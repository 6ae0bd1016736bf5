#include "core/data/npy_column.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <string>

#include "core/error.h"

namespace talweg::data {
namespace {

/// The text behind 'key': in the header's dictionary, as far as it goes.
std::string_view after_key(std::string_view header, std::string_view key) {
  const std::size_t at = header.find(fmt::format("'{}':", key));
  if (at == std::string_view::npos) return {};
  std::string_view rest = header.substr(at + key.size() + 3);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return rest;
}

template <class T>
T number_at(const char* bytes) {
  T number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

}  // namespace

NpyColumn::NpyColumn(const std::filesystem::path& path) : file_(path) {
  const auto fail = [&](const std::string& why) { throw DataError(fmt::format("{}: {}", path.string(), why)); };
  constexpr std::int64_t kPrefix = 12;
  char prefix[kPrefix] = {};
  if (file_.size() < kPrefix) fail("is no NumPy file (.npy)");
  file_.read(0, prefix);
  if (std::string_view(prefix, 6) != "\x93NUMPY") fail("is no NumPy file (.npy)");
  const bool is_first = prefix[6] == 1;
  const std::int64_t length = is_first ? number_at<std::uint16_t>(prefix + 8) : number_at<std::uint32_t>(prefix + 8);
  beginning_ = (is_first ? 10 : 12) + length;
  if (beginning_ > file_.size() || length > (1 << 20)) fail("the header is cut off");
  std::string header(static_cast<std::size_t>(length), '\0');
  file_.read(beginning_ - length, header);

  const std::string_view type = after_key(header, "descr"), order = after_key(header, "fortran_order"),
                         shape = after_key(header, "shape");
  if (type.size() < 5 || order.empty() || shape.empty()) fail("the header lacks 'descr', 'fortran_order' or 'shape'");
  const std::string name(type.substr(1, 3));
  kind_ = name[1];
  width_ = name[2] - '0';
  const bool known = kind_ == 'b' ? width_ == 1
                     : kind_ == 'f'
                         ? width_ == 4 || width_ == 8
                         : (kind_ == 'i' || kind_ == 'u') && (width_ == 1 || width_ == 2 || width_ == 4 || width_ == 8);
  if (type[0] != '\'' || type[4] != '\'' || !known || (name[0] != '<' && name[0] != '|'))
    fail(fmt::format("has the type {}; known are truth values, whole and floating-point numbers, little-endian",
                     type.substr(0, type.find_first_of(",}"))));
  std::int64_t size = 0;
  std::size_t digits = 1;
  for (; digits < shape.size() && shape[digits] >= '0' && shape[digits] <= '9' && digits < 18; ++digits)
    size = 10 * size + (shape[digits] - '0');
  if (shape[0] != '(' || digits == 1 ||
      !(shape.substr(digits).starts_with(",)") || shape.substr(digits).starts_with(", )")))
    fail(fmt::format("has the shape {}; an array of one dimension is wanted",
                     shape.substr(0, std::min(shape.find(')'), shape.size() - 1) + 1)));
  size_ = size;
  if (file_.size() < beginning_ + size * width_)
    fail(fmt::format("is cut off: {} numbers of {} bytes are announced, there are {} bytes", size, width_,
                     file_.size() - beginning_));
}

template <class To, class Take>
void NpyColumn::convert(std::int64_t begin, std::span<To> numbers, const Take& take) const {
  constexpr std::size_t kMost = 8192;
  char bytes[8 * kMost];
  for (std::size_t done = 0; done < numbers.size();) {
    const std::size_t count = std::min(kMost, numbers.size() - done), width = static_cast<std::size_t>(width_);
    const std::int64_t first = begin + static_cast<std::int64_t>(done);
    file_.read(beginning_ + first * width_, {bytes, count * width});
    const auto each = [&](auto zero) {
      for (std::size_t k = 0; k < count; ++k)
        numbers[done + k] = take(number_at<decltype(zero)>(bytes + k * width), first + static_cast<std::int64_t>(k));
    };
    switch (kind_) {
      case 'f':
        width_ == 4 ? each(float{}) : each(double{});
        break;
      case 'i':
        width_ == 1   ? each(std::int8_t{})
        : width_ == 2 ? each(std::int16_t{})
        : width_ == 4 ? each(std::int32_t{})
                      : each(std::int64_t{});
        break;
      default:
        width_ == 1   ? each(std::uint8_t{})
        : width_ == 2 ? each(std::uint16_t{})
        : width_ == 4 ? each(std::uint32_t{})
                      : each(std::uint64_t{});
    }
    done += count;
  }
}

void NpyColumn::read(std::int64_t begin, std::span<std::int32_t> numbers) const {
  convert(begin, numbers, [&](auto number, std::int64_t place) {
    const auto exact = static_cast<double>(number);
    if (!(exact >= 0 && exact <= std::numeric_limits<std::int32_t>::max() && exact == static_cast<std::int32_t>(exact)))
      throw DataError(fmt::format("{}: number {} is {}; whole numbers from 0 to 2^31 − 1 are wanted",
                                  file_.path().string(), place, exact));
    return static_cast<std::int32_t>(number);
  });
}

void NpyColumn::read(std::int64_t begin, std::span<double> numbers) const {
  convert(begin, numbers, [](auto number, std::int64_t) { return static_cast<double>(number); });
}

}  // namespace talweg::data
