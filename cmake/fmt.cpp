// The compiled half of fmt, once for the whole project. fmt's headers are those that LibTorch carries, as they come
// before any others on the search path; the system's library is of another version and does not fit them. Header-only
// use instead costs a quarter of the time that every file takes to compile.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE

template locale_ref::locale_ref(const std::locale&);
template auto locale_ref::get<std::locale>() const -> std::locale;

namespace detail {

template auto dragonbox::to_decimal(float) noexcept -> dragonbox::decimal_fp<float>;
template auto dragonbox::to_decimal(double) noexcept -> dragonbox::decimal_fp<double>;
template auto thousands_sep_impl(locale_ref) -> thousands_sep_result<char>;
template auto thousands_sep_impl(locale_ref) -> thousands_sep_result<wchar_t>;
template auto decimal_point_impl(locale_ref) -> char;
template auto decimal_point_impl(locale_ref) -> wchar_t;

}  // namespace detail
FMT_END_NAMESPACE
