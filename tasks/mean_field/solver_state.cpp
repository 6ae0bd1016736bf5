#include "tasks/mean_field/solver_state.h"

#include "core/error.h"
#include "core/libtorch.h"
#include "core/study/number_list.h"
#include "models/mean_field/triangle_sweep.h"

namespace talweg::tasks {
namespace {

using mean_field::LowerTriangle;
using mean_field::Observables;
using mean_field::TwoTimeState;

constexpr double Observables::*kMembers[] = {&Observables::t,     &Observables::a,     &Observables::v,
                                             &Observables::train, &Observables::test,  &Observables::nu,
                                             &Observables::off,   &Observables::first, &Observables::stiffness};
constexpr std::int64_t kMemberCount = 9;

const std::pair<const char*, LowerTriangle TwoTimeState::*> kTriangles[] = {
    {"c_s", &TwoTimeState::c_s}, {"c_d", &TwoTimeState::c_d}, {"r_s", &TwoTimeState::r_s},
    {"r_d", &TwoTimeState::r_d}, {"r_a", &TwoTimeState::r_a}, {"c_a", &TwoTimeState::c_a}};
const std::pair<const char*, std::vector<double> TwoTimeState::*> kLists[] = {
    {"t", &TwoTimeState::t}, {"a", &TwoTimeState::a}, {"a_target", &TwoTimeState::a_target}, {"v", &TwoTimeState::v}};

}  // namespace

checkpoint::State state_of(const TwoTimeState& state) {
  checkpoint::State saved;
  for (const auto& [name, triangle] : kTriangles) saved.add(name, tensor_of((state.*triangle).packed()));
  for (const auto& [name, list] : kLists) saved.add(name, tensor_of(state.*list));
  saved.values["rows"] = state.rows;
  saved.values["measured"] = state.r_a.rows();
  return saved;
}

void load_state(const checkpoint::State& saved, TwoTimeState& state) {
  state.rows = saved.values.at("rows").get<std::size_t>();
  const auto measured = saved.values.at("measured").get<std::size_t>();
  for (const auto& [name, triangle] : kTriangles) {
    const bool of_residuals = triangle == &TwoTimeState::r_a || triangle == &TwoTimeState::c_a;
    const std::size_t rows = of_residuals ? measured : state.rows;
    const std::vector<double> numbers = numbers_of(saved.require(name));
    if (numbers.size() != rows * (rows + 1) / 2)
      throw DataError(std::string("the saved solver has a damaged '") + name + "'");
    (state.*triangle).unpack(numbers, rows);
  }
  for (const auto& [name, list] : kLists) state.*list = numbers_of(saved.require(name));
}

at::Tensor tensor_of_points(const std::vector<Observables>& points) {
  std::vector<double> numbers;
  for (const Observables& point : points)
    for (const auto member : kMembers) numbers.push_back(point.*member);
  return tensor_of(numbers).reshape({-1, kMemberCount});
}

std::vector<Observables> points_of_tensor(const at::Tensor& tensor) {
  const std::vector<double> numbers = numbers_of(tensor);
  std::vector<Observables> points(numbers.size() / static_cast<std::size_t>(kMemberCount));
  std::size_t next = 0;
  for (Observables& point : points)
    for (const auto member : kMembers) point.*member = numbers[next++];
  return points;
}

}  // namespace talweg::tasks
