#include "models/language/packed_matrix.h"

#include <ATen/Parallel.h>

#include "core/libtorch.h"
#include "models/language/packed_kernels.h"

namespace talweg::models {
namespace {

constexpr std::uint32_t kBrainFormat = 30;
constexpr std::int64_t kTile = 256;  // rows that are unpacked at once for many vectors

}  // namespace

PackedMatrix::PackedMatrix(const weights::BlockFormat& format, std::int64_t rows, std::int64_t columns,
                           std::string_view bytes, std::shared_ptr<const void> owner)
    : format_(&format),
      rows_(rows),
      columns_(columns),
      row_bytes_(columns / format.values * format.bytes),
      data_(reinterpret_cast<const std::uint8_t*>(bytes.data())),
      owner_(std::move(owner)) {
  TORCH_CHECK_VALUE(
      format.unpack && columns % format.values == 0 && static_cast<std::int64_t>(bytes.size()) == rows * row_bytes_,
      "a packed matrix of ", rows, " by ", columns, " is not ", bytes.size(), " bytes of ", format.name);
}

PackedMatrix::PackedMatrix(const at::Tensor& matrix)
    : format_(weights::find_block_format(kBrainFormat)),
      rows_(matrix.size(0)),
      columns_(matrix.size(1)),
      row_bytes_(2 * columns_) {
  const auto rounded = std::make_shared<at::Tensor>(matrix.detach().to(at::kBFloat16).contiguous());
  data_ = static_cast<const std::uint8_t*>(rounded->const_data_ptr());
  owner_ = rounded;
}

void PackedMatrix::unpack(std::int64_t begin, std::int64_t count, float* to) const {
  const std::uint8_t* rows = data_ + begin * row_bytes_;
  if (const PackedKernels* kernels = packed_kernels(format_->id))
    kernels->numbers(rows, count * columns_, to);
  else
    format_->unpack(rows, count * columns_ / format_->values, to);
}

at::Tensor PackedMatrix::multiply(const at::Tensor& x) const {
  const at::Tensor in = x.to(at::kFloat).contiguous();
  const std::int64_t vectors = in.numel() / columns_;
  std::vector<std::int64_t> shape = in.sizes().vec();
  shape.back() = rows_;
  const at::Tensor y = at::empty(shape, in.options());
  const PackedKernels* kernels = packed_kernels(format_->id);
  if (vectors <= 2 && kernels) {
    const at::Tensor sums = at::empty({columns_ / 32 + 1}, in.options());
    for (std::int64_t v = 0; v < vectors; ++v) {
      const float* vector = in.const_data_ptr<float>() + v * columns_;
      float* out = y.data_ptr<float>() + v * rows_;
      block_sums(vector, columns_, sums.data_ptr<float>());
      at::parallel_for(0, rows_, 64, [&](std::int64_t begin, std::int64_t end) {
        kernels->product(data_ + begin * row_bytes_, vector, sums.const_data_ptr<float>(), end - begin, columns_,
                         out + begin);
      });
    }
    return y;
  }
  const at::Tensor tile = at::empty({std::min(kTile, rows_), columns_}, in.options());
  const at::Tensor flat = in.view({vectors, columns_}), out = y.view({vectors, rows_});
  for (std::int64_t begin = 0; begin < rows_; begin += kTile) {
    const std::int64_t count = std::min(kTile, rows_ - begin);
    at::parallel_for(0, count, 16, [&](std::int64_t first, std::int64_t last) {
      unpack(begin + first, last - first, tile.data_ptr<float>() + first * columns_);
    });
    out.narrow(1, begin, count).copy_(flat.mm(tile.narrow(0, 0, count).t()));
  }
  return y;
}

at::Tensor PackedMatrix::select(const at::Tensor& index) const {
  const at::Tensor wanted = index.contiguous();
  std::vector<std::int64_t> shape = wanted.sizes().vec();
  shape.push_back(columns_);
  const at::Tensor y = at::empty(shape, at::kFloat);
  for (std::int64_t i = 0; i < wanted.numel(); ++i) {
    const std::int64_t row = wanted.const_data_ptr<std::int64_t>()[i];
    TORCH_CHECK_INDEX(row >= 0 && row < rows_, "row ", row, " of ", rows_);
    unpack(row, 1, y.data_ptr<float>() + i * columns_);
  }
  return y;
}

}  // namespace talweg::models
