#include "core/distributed/process_group.h"

#include <gtest/gtest.h>

#include "core/distributed/gradient_reducer.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/run/agreement.h"
#include "core/run/shared_checkpoint.h"
#include "distributed/ranks.h"

namespace talweg::distributed {
namespace {

using talweg::testing::ranks;

double triangle() {
  return static_cast<double>(ranks().size() * (ranks().size() + 1)) / 2;
}

TEST(ProcessGroup, SumsTensorsOfAnyLayoutInPlace) {
  const auto own = static_cast<double>(ranks().rank() + 1);
  at::Tensor plain = at::full({3, 4}, own, at::kDouble), transposed = at::full({4, 3}, own, at::kFloat).t();
  ranks().sum(plain);
  ranks().sum(transposed);
  EXPECT_TRUE(at::equal(plain, at::full({3, 4}, triangle(), at::kDouble)));
  EXPECT_TRUE(at::equal(transposed, at::full({3, 4}, triangle(), at::kFloat)));
}

TEST(ProcessGroup, SumsManyTensorsInFewMessages) {
  std::vector<at::Tensor> tensors;
  for (int i = 0; i < 40; ++i)
    tensors.push_back(at::full({i, 2}, static_cast<double>(ranks().rank() + i), i % 3 ? at::kFloat : at::kDouble));
  tensors.push_back(at::Tensor());
  tensors.push_back(at::ones({3'000'000}, at::kDouble));  // of several messages' size
  ranks().sum(tensors);
  for (int i = 1; i < 40; ++i)
    EXPECT_EQ(tensors[static_cast<std::size_t>(i)].max().item<double>(),
              triangle() - static_cast<double>(ranks().size()) + static_cast<double>(i * ranks().size()));
  EXPECT_EQ(tensors.back().min().item<double>(), static_cast<double>(ranks().size()));
}

TEST(ProcessGroup, BroadcastsTensorsAndBytes) {
  const at::Tensor tensor = at::full({5}, static_cast<double>(ranks().rank()), at::kFloat);
  ranks().broadcast(tensor);
  EXPECT_EQ(tensor.abs().sum().item<double>(), 0);
  EXPECT_EQ(ranks().broadcast(ranks().is_first() ? std::string("a\0b", 3) : "x"), std::string("a\0b", 3));
  EXPECT_EQ(ranks().broadcast(ranks().is_first() ? std::string() : "x"), "");
}

TEST(ProcessGroup, GathersInTheOrderOfRanks) {
  const auto rows = ranks().gather({static_cast<double>(ranks().rank()), 7});
  ASSERT_EQ(static_cast<std::int64_t>(rows.size()), ranks().size());
  for (std::size_t r = 0; r < rows.size(); ++r) EXPECT_EQ(rows[r], (std::vector<double>{static_cast<double>(r), 7}));
  EXPECT_EQ(ranks().maximum(-static_cast<double>(ranks().rank())), 0);
}

TEST(ProcessGroup, SendsFromRankToRankInOrder) {
  const std::int64_t next = (ranks().rank() + 1) % ranks().size(),
                     before = (ranks().rank() + ranks().size() - 1) % ranks().size();
  const auto message = [](std::int64_t rank, int number) {
    return at::full({200, 300}, static_cast<double>(10 * rank + number), at::kFloat).t();
  };
  std::vector<std::function<void()>> sent;
  for (const int number : {1, 2}) sent.push_back(ranks().start_send(message(ranks().rank(), number), next));
  for (const int number : {1, 2}) {
    const at::Tensor got = at::zeros({200, 300}, at::kFloat).t();
    ranks().receive(got, before);
    EXPECT_TRUE(at::equal(got, message(before, number)));
  }
  for (const auto& wait : sent) wait();
}

// A model whose graph changes from step to step.
TEST(GradientReducer, FindsParametersThatAStepDoesNotUse) {
  const at::Tensor always = torch::full({3}, static_cast<double>(ranks().rank() + 1), torch::requires_grad());
  const at::Tensor seldom = torch::ones({2}, torch::requires_grad());
  GradientReducer searching(ranks(), {{"always", always}, {"seldom", seldom}}, {true, false});
  for (const bool use : {true, false, true}) {
    always.mutable_grad() = seldom.mutable_grad() = at::Tensor();
    at::Tensor loss = always.square().sum();
    if (use) loss = loss + seldom.sum();
    searching.begin(loss);
    loss.backward();
    EXPECT_TRUE(searching.end());
    EXPECT_TRUE(at::allclose(always.grad(), at::full({3}, 2 * triangle())));
    EXPECT_EQ(seldom.grad().defined() && seldom.grad().sum().item<double>() > 0, use);
  }
}

TEST(GradientReducer, NoticesAParameterThatAStepDoesNotUse) {
  const at::Tensor always = torch::ones({3}, torch::requires_grad()), seldom = torch::ones({2}, torch::requires_grad());
  GradientReducer trusting(ranks(), {{"always", always}, {"seldom", seldom}}, {true, true});
  const auto backward = [&](at::Tensor loss) {
    trusting.begin(loss);
    loss.backward();
    return trusting.end();
  };
  EXPECT_TRUE(backward(always.sum() + seldom.sum()));
  EXPECT_FALSE(backward(always.sum()));
}

// Gradients of micro-batches pile up without an exchange until the last one.
TEST(GradientReducer, LeavesAccumulationAlone) {
  const at::Tensor weight = torch::ones({4}, torch::requires_grad());
  GradientReducer reducer(ranks(), {{"weight", weight}}, {true});
  const std::int64_t before = ranks().traffic().bytes;
  (weight * static_cast<double>(ranks().rank() + 1)).sum().backward();
  EXPECT_EQ(weight.grad()[0].item<double>(), static_cast<double>(ranks().rank() + 1));
  EXPECT_EQ(ranks().traffic().bytes, before);
  const at::Tensor last = weight.sum();
  reducer.begin(last);
  last.backward();
  EXPECT_EQ(weight.grad()[0].item<double>(), triangle() + static_cast<double>(ranks().size()));
}

template <class Error, class Function>
std::string message(const Function& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ProcessGroup, NamesTheRankWithAnotherConfiguration) {
  EXPECT_EQ(message<ConfigError>([] { ranks().require_equal_text("configuration", "a: 1\nb: 2\n"); }), "");
  const std::string told = message<ConfigError>(
      [] { ranks().require_equal_text("configuration", ranks().rank() == 1 ? "a: 1\nb: 3\n" : "a: 1\nb: 2\n"); });
  EXPECT_NE(told.find("rank 1 on "), std::string::npos) << told;
  EXPECT_NE(told.find("another configuration than rank 0: 'b: 3' instead of 'b: 2'"), std::string::npos) << told;
}

TEST(ProcessGroup, NamesTheRankAndTensorWithOtherWeights) {
  at::Tensor first = at::arange(6, at::kDouble), second = at::tensor({1.0, 2.0, 3.0}).to(at::kFloat);
  const auto check = [&] { ranks().require_equal_tensors({{"layer.weight", first}, {"layer.bias", second}}); };
  EXPECT_EQ(message<SystemError>(check), "");
  if (ranks().rank() == ranks().size() - 1)
    second = at::tensor({1.0, 3.0, 2.0}).to(at::kFloat);  // a sum would not see it
  const std::string told = message<SystemError>(check);
  EXPECT_NE(told.find(fmt::format("rank {} on ", ranks().size() - 1)), std::string::npos) << told;
  EXPECT_NE(told.find("'layer.bias' differs"), std::string::npos) << told;
}

TEST(SharedCheckpoint, IsRankZerosOnEveryRank) {
  checkpoint::Checkpoint saved;
  saved.step = 12;
  saved.values["counters"] = {{"examples", 96}};
  saved.tensors["model"] = {{"w", at::arange(4, at::kDouble).view({2, 2})}, {"empty", at::empty({0, 3})}};
  saved.tensors["optimizer"] = {{"count", at::tensor({7}, at::kLong)}, {"half", at::ones({3}, at::kBFloat16)}};
  const auto shared = broadcast(ranks(), ranks().is_first() ? std::optional(saved) : std::nullopt);
  ASSERT_TRUE(shared);
  EXPECT_EQ(shared->step, 12);
  EXPECT_EQ(shared->values.at("counters").at("examples"), 96);
  for (const auto& [group, tensors] : saved.tensors)
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      EXPECT_EQ(shared->tensors.at(group)[i].first, tensors[i].first);
      EXPECT_TRUE(at::equal(shared->tensors.at(group)[i].second, tensors[i].second)) << tensors[i].first;
    }
  EXPECT_FALSE(broadcast(ranks(), std::nullopt));
}

TEST(Agreement, AnswersASignalToAnyRankOneStepLaterOnAll) {
  const std::unique_ptr<Agreement> agreement = agreement_among(&ranks());
  EXPECT_EQ(agreement->stop_for(0), 0);
  EXPECT_EQ(agreement->stop_for(ranks().rank() == 1 ? 15 : 0), 0);
  EXPECT_EQ(agreement->stop_for(0), 15);
  EXPECT_EQ(agreement->settle(), 0);
}

}  // namespace
}  // namespace talweg::distributed
