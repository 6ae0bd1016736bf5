#include "core/io/known_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "complaint.h"

namespace talweg::io {
namespace {

using testing::complaint;
using ::testing::HasSubstr;

const KnownKeys kKnown{.honoured = {"width"},
                       .harmless = {"name", "remark.*"},
                       .neutral = {{"share", 1.0}},
                       .needs = {{"window", "a window"}}};

std::string said_of(const char* object) {
  return complaint([&] { require_known_keys(nlohmann::json::parse(object), kKnown, "a.json"); });
}

TEST(KnownKeys, WhatIsReadOrChangesNothingPasses) {
  EXPECT_EQ(said_of(R"({"width": 3, "name": "x", "remark.of": [1], "share": 1})"), "");
  EXPECT_EQ(said_of(R"({"a": null, "b": false, "c": 0, "d": "", "e": [], "f": {}, "window": 0.0})"), "");
}

TEST(KnownKeys, EverythingElseIsRefusedWithFileKeyAndValue) {
  EXPECT_THAT(said_of(R"({"share": 0.5})"), HasSubstr("a.json: 'share' is 0.5"));
  EXPECT_THAT(said_of(R"({"share": 0})"), HasSubstr("a.json: 'share' is 0")) << "1 is its neutral value";
  EXPECT_THAT(said_of(R"({"remarks": true})"), HasSubstr("'remarks' is true, and nothing here knows"));
  EXPECT_EQ(said_of(R"({"window": 4096})"), "a.json: 'window' is 4096: it needs a window, which is not supported");
  EXPECT_LT(said_of(("{\"a\": \"" + std::string(5000, 'x') + "\"}").c_str()).size(), 400U);
}

TEST(KnownKeys, ListsAreJoined) {
  const KnownKeys more = kKnown.with({.honoured = {"window"}});
  EXPECT_EQ(complaint([&] { require_known_keys({{"window", 2}, {"width", 1}}, more, "x"); }), "");
}

}  // namespace
}  // namespace talweg::io
