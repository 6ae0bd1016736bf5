// Comparisons in NumPy files beside the same comparisons in memory.
#include "tasks/triplets/comparison_arrays.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <numeric>

#include "complaint.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"
#include "tasks/triplets/comparison_task.h"

namespace talweg::tasks {
namespace {

using ::testing::HasSubstr;

void write_npy(const std::filesystem::path& path, const at::Tensor& numbers) {
  const char* type = numbers.scalar_type() == at::kInt ? "<i4" : "<f8";
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({},), }}\n", type, numbers.size(0));
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(header.size() & 0xff);
  text += static_cast<char>(header.size() >> 8);
  std::ofstream(path, std::ios::binary) << text << header
                                        << std::string(static_cast<const char*>(numbers.const_data_ptr()),
                                                       numbers.nbytes());
}

/// 200,000 random comparisons of 300 users and 50 items: four blocks.
class ComparisonArrays : public ::testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(4);
    constexpr std::int64_t m = 200000;
    rows.users = at::randint(300, {m}, at::kInt);
    rows.first = at::randint(50, {m}, at::kInt);
    rows.second = (rows.first + at::randint(1, 50, {m}, at::kInt)).remainder(50).to(at::kInt);
    rows.labels = at::rand({m}, at::kDouble);
    rows.weights = at::rand({m}, at::kDouble) + 0.5;
    write("users", rows.users);
    write("winners", rows.first);
    write("losers", rows.second);
    write("labels", rows.labels);
    write("weights", rows.weights);
  }
  void write(const std::string& name, const at::Tensor& numbers) {
    write_npy(folder.path() / (name + ".npy"), numbers);
  }
  ComparisonData read() {
    return read_comparison_arrays({.path = folder.path(), .evaluation_comparisons = 3000, .sample = 20000},
                                  RandomStreams(5));
  }
  std::string complaint() {
    return talweg::testing::complaint([&] { read(); });
  }

  Triplets rows;
  talweg::testing::TemporaryFolder folder;
};

/// A number for every comparison, whatever their order.
at::Tensor keys(const at::Tensor& users, const at::Tensor& first, const at::Tensor& second, const at::Tensor& labels) {
  return std::get<0>((users.to(at::kDouble) * 1e4 + first * 100 + second + labels).sort());
}

TEST_F(ComparisonArrays, TrainingAndEvaluationAreTheRowsOfTheFiles) {
  const ComparisonData data = read();
  const StoredTriplets training(*data.stored, data.users, data.items, at::kDouble);
  ASSERT_EQ(training.size(), 197000);
  std::vector<std::int64_t> all(197000);
  std::iota(all.begin(), all.end(), 0);
  const std::vector<at::Tensor> t = training.batch(all, 0).tensors;
  const Triplets& e = data.evaluation;
  EXPECT_EQ(e.users.size(0), 3000);
  EXPECT_TRUE(at::equal(
      keys(at::cat({t[0], e.users}), at::cat({t[1], e.first}), at::cat({t[2], e.second}), at::cat({t[3], e.labels})),
      keys(rows.users, rows.first, rows.second, rows.labels)));
  EXPECT_NEAR(t[4].mean().item<double>(), 1, 1e-12);

  const ComparisonSummary& summary = *data.summary;
  EXPECT_EQ(summary.comparisons(), 197000);
  EXPECT_TRUE(at::equal(summary.of_users(), at::bincount(t[0], {}, 300)));
  EXPECT_TRUE(at::equal(summary.of_items(), at::bincount(at::cat({t[1], t[2]}), {}, 50)));
  EXPECT_EQ(data.training.users.size(0), 20000);
  EXPECT_THAT(data.notes.back(), HasSubstr("look at 20000 of them"));
}

TEST_F(ComparisonArrays, BatchesAreTheSameByBlocksAndRowByRow) {
  const ComparisonData data = read();
  const StoredTriplets training(*data.stored, data.users, data.items, at::kFloat);
  const std::vector<std::int64_t> some{196999, 0, 70000, 69999, 3, 140000};
  const data::Batch together = training.batch(some, 0);
  for (std::size_t k = 0; k < some.size(); ++k) {
    const data::Batch single = training.batch(std::span(&some[k], 1), 0);
    for (std::size_t c = 0; c < 5; ++c)
      EXPECT_TRUE(at::equal(single.tensors[c], together.tensors[c].narrow(0, static_cast<std::int64_t>(k), 1)));
  }
  EXPECT_EQ(together.tensors[3].scalar_type(), at::kFloat);
}

TEST_F(ComparisonArrays, TrainLikeTheSameComparisonsInMemory) {
  const std::string options =
      fmt::format(", data: {{type: comparison_arrays, path: {}, evaluation_comparisons: 1000}}, rank: 2, user_decay: 1",
                  folder.path().string());
  const std::unique_ptr<Task> task = make_comparisons(options);
  std::vector<std::int64_t> all(static_cast<std::size_t>(task->training_data().size()));
  std::iota(all.begin(), all.end(), 0);
  const data::Batch batch = task->training_data().batch(all, 0);
  const double loss = task->loss(batch).item<double>();
  // The mean weighted logistic loss at the start, and the prior over all comparisons.
  const auto parameters = task->module().parameters();
  const at::Tensor u = parameters[0].detach(), v = parameters[1].detach();
  const std::vector<at::Tensor>& t = batch.tensors;
  const at::Tensor z = (u.index_select(0, t[0]) * (v.index_select(0, t[1]) - v.index_select(0, t[2]))).sum(1);
  const double balance = 0.05 * 2 / (300.0 * 49) / 4 * (u.t().mm(u) - v.t().mm(v)).square().sum().item<double>();
  const double expected = (t[4] * (at::softplus(z) - t[3] * z)).mean().item<double>() + balance +
                          0.5 / 199000 * u.square().sum().item<double>();
  EXPECT_NEAR(loss, expected, 1e-12);
  EXPECT_TRUE(std::isfinite(metric_of(*task, "accuracy")));
  EXPECT_THAT(talweg::testing::complaint([&] { make_comparisons(options + ", example: user"); }),
              HasSubstr("need their comparisons in memory"));
}

TEST_F(ComparisonArrays, WhatIsWrongIsToldWithFileAndRow) {
  write("losers", rows.second.narrow(0, 0, 100));
  EXPECT_THAT(complaint(), HasSubstr("losers.npy: has 100 numbers where users.npy has 200000"));
  at::Tensor changed = rows.second.clone();
  changed[150000] = rows.first[150000];
  write("losers", changed);
  EXPECT_THAT(complaint(), HasSubstr("losers.npy: row 150000 names the item that it is compared with"));
  write("losers", rows.second);
  changed = rows.labels.clone();
  changed[70000] = 1.5;
  write("labels", changed);
  EXPECT_THAT(complaint(), HasSubstr("labels.npy: row 70000 is no label from 0 to 1"));
  write("labels", rows.labels);
  changed = rows.weights.clone();
  changed[3] = NAN;
  write("weights", changed);
  EXPECT_THAT(complaint(), HasSubstr("weights.npy: row 3 is no weight"));
  write("weights", rows.weights);
  std::ofstream(folder.path() / "user_ids.txt") << "ann\nbob\n";
  EXPECT_THAT(complaint(), HasSubstr("names 2 ids"));
}

TEST_F(ComparisonArrays, AFileThatChangesUnderTheRunIsNoticed) {
  const ComparisonData data = read();
  const StoredTriplets training(*data.stored, data.users, data.items, at::kDouble);
  at::Tensor changed = rows.users.clone();
  changed[100000] = 300;
  // In place, as a program would that writes into the file that is being read.
  std::fstream file(folder.path() / "users.npy", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(
      static_cast<std::streamoff>(std::filesystem::file_size(folder.path() / "users.npy") - (200000 - 100000) * 4));
  file.write(static_cast<const char*>(changed[100000].const_data_ptr()), 4);
  file.close();
  std::vector<std::int64_t> all(197000);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_THAT(talweg::testing::complaint([&] { training.batch(all, 0); }),
              HasSubstr("users.npy: row 100000 is beyond those that were there"));
}

}  // namespace
}  // namespace talweg::tasks
