#include "models/quantum/engine.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "core/libtorch.h"
#include "core/simd/scratch.h"

namespace talweg::models::quantum {
namespace {

/// Most bits of circuits that lie side by side in lanes, which multiply their memory.
constexpr int kMostLaneBits = 9;
/// Parts of a large state that have sums of their own, so that results do not depend on the number of threads.
constexpr std::int64_t kParts = 16;

std::int64_t power(std::size_t bits) {
  return std::int64_t{1} << bits;
}

/// Memory of a thread for two tiles.
template <class T>
class TileMemory {
 public:
  TileMemory(int bits, std::int64_t lanes) {
    static thread_local simd::Scratch scratch;
    const std::int64_t numbers = (std::int64_t{1} << bits) * lanes,
                       vectors = (numbers * static_cast<std::int64_t>(sizeof(T)) + 63) / 64;
    T* at = reinterpret_cast<T*>(scratch.reserve(4 * vectors));
    const std::int64_t step = vectors * 64 / static_cast<std::int64_t>(sizeof(T));
    ket = {bits, lanes, at, at + step};
    bra = {bits, lanes, at + 2 * step, at + 3 * step};
  }
  Tile<T> ket, bra;
};

template <class T>
void clear(const Tile<T>& tile) {
  const std::int64_t numbers = (std::int64_t{1} << tile.bits) * tile.lanes;
  std::fill(tile.real, tile.real + numbers, T(0));
  std::fill(tile.imaginary, tile.imaginary + numbers, T(0));
}

template <class T>
struct Rows {
  Rows(const Program& p, const at::Tensor& a, const at::Tensor& k, const at::Tensor& b)
      : program(p),
        size(std::int64_t{1} << p.qubits()),
        count(k.size(0)),
        angles(a.const_data_ptr<double>()),
        ket(reinterpret_cast<T*>(k.data_ptr())),
        bra(b.defined() ? reinterpret_cast<T*>(b.data_ptr()) : nullptr) {}

  const double* angles_of(std::int64_t row) const { return angles + row * program.parameters(); }
  double* gradient_of(std::int64_t row) const { return gradient + row * program.parameters(); }

  const Program& program;
  std::int64_t size, count;
  const double* angles;
  T *ket, *bra;  // bra: null when gates are applied
  double* gradient = nullptr;
};

/// Circuits `first` to `first + used` in the lanes of one tile.
template <class T>
void run_lanes(const Rows<T>& rows, std::int64_t first, std::int64_t used, std::int64_t lanes) {
  const Program& p = rows.program;
  TileMemory<T> memory(std::max<int>(static_cast<int>(p.qubits()), kLeastTileBits), lanes);
  thread_local std::vector<T> coefficients;
  thread_local std::vector<double> sums;
  coefficients.resize(static_cast<std::size_t>(p.coefficients() * 8 * lanes));
  const auto move = [&](Tile<T>& tile, T* state, bool back) {
    for (std::int64_t b = 0; b < used; ++b) {
      T* row = state + 2 * rows.size * (first + b);
      for (std::int64_t i = 0; i < rows.size; ++i) {
        T &re = tile.real[i * lanes + b], &im = tile.imaginary[i * lanes + b];
        if (back)
          row[2 * i] = re, row[2 * i + 1] = im;
        else
          re = row[2 * i], im = row[2 * i + 1];
      }
    }
  };
  for (std::int64_t b = 0; b < lanes; ++b)
    p.write_coefficients(rows.angles_of(first + std::min(b, used - 1)), coefficients.data() + b, lanes);
  clear(memory.ket);
  move(memory.ket, rows.ket, false);
  if (rows.bra) {
    clear(memory.bra);
    move(memory.bra, rows.bra, false);
    sums.assign(static_cast<std::size_t>(p.sums() * 3 * lanes), 0);
  }
  for (std::int64_t pass = 0; pass < p.passes(); ++pass) {
    const auto& gates = p.tiles()[static_cast<std::size_t>(rows.bra ? p.passes() - 1 - pass : pass)].gates;
    const auto count = static_cast<std::int64_t>(gates.size());
    if (rows.bra)
      undo_gates(gates.data(), count, coefficients.data(), memory.ket, memory.bra, sums.data());
    else
      apply_gates(gates.data(), count, coefficients.data(), memory.ket);
  }
  move(memory.ket, rows.ket, true);
  if (!rows.bra) return;
  move(memory.bra, rows.bra, true);
  for (std::int64_t b = 0; b < used; ++b)
    p.add_gradient(rows.angles_of(first + b), sums.data() + b, lanes, rows.gradient_of(first + b));
}

/// Where the tiles of a pass begin in the state, and their runs of neighbouring amplitudes from there.
struct Layout {
  explicit Layout(const Program::Pass& pass, std::int64_t qubits) {
    std::size_t whole = 0;
    while (whole < pass.bits.size() && pass.bits[whole] == static_cast<int>(whole)) ++whole;
    length = power(whole);
    distances.resize(static_cast<std::size_t>(power(pass.bits.size() - whole)));
    for (std::size_t r = 0; r < distances.size(); ++r)
      for (std::size_t b = whole; b < pass.bits.size(); ++b)
        distances[r] |= static_cast<std::int64_t>(r >> (b - whole) & 1) << pass.bits[b];
    std::vector<bool> inside(static_cast<std::size_t>(qubits));
    for (const int bit : pass.bits) inside[static_cast<std::size_t>(bit)] = true;
    for (int bit = 0; bit < qubits; ++bit)
      if (!inside[static_cast<std::size_t>(bit)]) outer.push_back(bit);
  }
  std::int64_t begin(std::int64_t tile) const {
    std::int64_t at = 0;
    for (std::size_t b = 0; b < outer.size(); ++b) at |= (tile >> b & 1) << outer[b];
    return at;
  }
  std::int64_t length;
  std::vector<std::int64_t> distances;
  std::vector<int> outer;
};

/// The gates that act on the tile that begins there: others have a control outside of it that says no.
void select_gates(const Program::Pass& pass, std::int64_t begin, std::vector<TileGate>& gates) {
  gates.clear();
  for (std::size_t g = 0; g < pass.gates.size(); ++g)
    if ((static_cast<std::uint64_t>(begin) & pass.outside[g].first) == pass.outside[g].second)
      gates.push_back(pass.gates[g]);
}

/// Tiles [from, to) of a row in one pass.
template <class T>
void run_tiles(const Rows<T>& rows, std::int64_t row, const Program::Pass& pass, const Layout& layout,
               const T* coefficients, std::int64_t from, std::int64_t to, double* sums) {
  TileMemory<T> memory(std::max<int>(static_cast<int>(pass.bits.size()), kLeastTileBits), 1);
  const auto runs = static_cast<std::int64_t>(layout.distances.size());
  thread_local std::vector<TileGate> gates;
  if (pass.bits.size() < kLeastTileBits) clear(memory.ket), clear(memory.bra);
  for (std::int64_t tile = from; tile < to; ++tile) {
    const std::int64_t begin = layout.begin(tile);
    select_gates(pass, begin, gates);
    T* ket = rows.ket + 2 * (row * rows.size + begin);
    gather(ket, layout.distances.data(), runs, layout.length, memory.ket);
    const auto count = static_cast<std::int64_t>(gates.size());
    if (!rows.bra) {
      apply_gates(gates.data(), count, coefficients, memory.ket);
    } else {
      T* bra = rows.bra + 2 * (row * rows.size + begin);
      gather(bra, layout.distances.data(), runs, layout.length, memory.bra);
      undo_gates(gates.data(), count, coefficients, memory.ket, memory.bra, sums);
      scatter(memory.bra, layout.distances.data(), runs, layout.length, bra);
    }
    scatter(memory.ket, layout.distances.data(), runs, layout.length, ket);
  }
}

template <class T>
void run_row(const Rows<T>& rows, std::int64_t row) {
  const Program& p = rows.program;
  std::vector<T> coefficients(static_cast<std::size_t>(p.coefficients() * 8));
  p.write_coefficients(rows.angles_of(row), coefficients.data(), 1);
  const auto width = static_cast<std::size_t>(rows.bra ? p.sums() * 3 : 0);
  std::vector<double> sums(width * static_cast<std::size_t>(kParts));
  for (std::int64_t i = 0; i < p.passes(); ++i) {
    const Program::Pass& pass = p.tiles()[static_cast<std::size_t>(rows.bra ? p.passes() - 1 - i : i)];
    const Layout layout(pass, p.qubits());
    const std::int64_t tiles = rows.size >> pass.bits.size(), parts = std::min(kParts, tiles);
    at::parallel_for(0, parts, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t part = begin; part < end; ++part)
        run_tiles(rows, row, pass, layout, coefficients.data(), part * tiles / parts, (part + 1) * tiles / parts,
                  sums.data() + static_cast<std::size_t>(part) * width);
    });
  }
  if (!rows.bra) return;
  for (std::size_t k = width; k < sums.size(); ++k) sums[k % width] += sums[k];
  p.add_gradient(rows.angles_of(row), sums.data(), 1, rows.gradient_of(row));
}

template <class T>
void run_rows(const Rows<T>& rows) {
  const std::int64_t lanes = lane_width(T());
  const bool side_by_side = rows.count > 1 && rows.program.qubits() <= kMostLaneBits;
  if (rows.program.qubits() > kTileBits && rows.count < at::get_num_threads()) {
    for (std::int64_t row = 0; row < rows.count; ++row) run_row(rows, row);
    return;
  }
  const std::int64_t step = side_by_side ? lanes : 1, groups = (rows.count + step - 1) / step;
  const std::int64_t grain = std::max<std::int64_t>(1, 4096 / (rows.size * step));
  at::parallel_for(0, groups, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t group = begin; group < end; ++group)
      if (side_by_side)
        run_lanes(rows, group * step, std::min(step, rows.count - group * step), lanes);
      else
        run_row(rows, group);
  });
}

}  // namespace

void run_program(const Program& program, const at::Tensor& angles, const at::Tensor& state) {
  if (state.scalar_type() == at::kComplexFloat)
    run_rows(Rows<float>(program, angles, state, {}));
  else
    run_rows(Rows<double>(program, angles, state, {}));
}

at::Tensor unwind_program(const Program& program, const at::Tensor& angles, const at::Tensor& ket,
                          const at::Tensor& bra) {
  at::Tensor gradient = at::zeros({ket.size(0), program.parameters()}, at::kDouble);
  const auto run = [&](auto rows) {
    rows.gradient = gradient.data_ptr<double>();
    run_rows(rows);
  };
  if (ket.scalar_type() == at::kComplexFloat)
    run(Rows<float>(program, angles, ket, bra));
  else
    run(Rows<double>(program, angles, ket, bra));
  return gradient;
}

}  // namespace talweg::models::quantum
