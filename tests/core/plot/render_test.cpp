#include "core/plot/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/plot/gnuplot.h"
#include "core/plot/script.h"
#include "core/temporary_folder.h"

namespace talweg::plot {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

Figure curve(const std::string& title) {
  Figure figure;
  figure.name = "curve";
  figure.title = title;
  figure.x_label = "step";
  figure.series = {{"train", {1, 2, 3, 4}, {3, 2, std::nan(""), 1}},
                   {"reference", {1, 4}, {1, 1}, SeriesStyle::dashed}};
  figure.references = {{1.5, "bound"}};
  figure.caption = "A caption.";
  return figure;
}

TEST(Figure, ComesBackFromJson) {
  Figure figure = curve("loss");
  figure.y_log = true;
  figure.series[0].colour = 3;
  figure.heat_map = {{{1, 2}, {3, 4}}, {"a", "b"}, {"c", "d"}};
  figure.picture = {std::string("\x89PNG\0\xff", 6), 3, 2};
  const testing::TemporaryFolder folder;
  save_figure(figure, folder.path() / "figures");
  const Figure loaded = load_figure(folder.path() / "figures" / "curve.json");
  EXPECT_EQ(to_json(loaded), to_json(figure));
  EXPECT_TRUE(std::isnan(loaded.series[0].y[2]));
  EXPECT_EQ(loaded.series[1].style, SeriesStyle::dashed);
  EXPECT_EQ(loaded.picture.png, figure.picture.png);
}

TEST(Figure, AWrongFileIsNamedWithItsFault) {
  const testing::TemporaryFolder folder;
  const auto file = folder.path() / "figure.json";
  const auto error_of = [&](const char* text) -> std::string {
    io::write_file_atomically(file, text);
    try {
      load_figure(file);
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(error_of("[1,"), HasSubstr("figure.json: not a JSON object"));
  EXPECT_THAT(error_of(R"({"series":[{"name":"a","x":[1],"y":[1,2]}]})"),
              HasSubstr("figure.json: series 'a' has 1 x and 2 y values"));
  EXPECT_THAT(error_of(R"({"series":[{"x":[1],"y":[1],"style":"wavy"}]})"), HasSubstr("'wavy'"));
  EXPECT_THAT(error_of(R"({"series":[{"x":[1]}]})"), HasSubstr("not a figure"));
  EXPECT_THAT(error_of(R"({"heat_map":{"values":[[1,2],[3]]}})"), HasSubstr("different lengths"));
  EXPECT_THAT(error_of(R"({"picture":{"width":1,"height":1,"png":"TWFu"}})"), HasSubstr("no PNG file"));
  EXPECT_THAT(error_of(R"({"picture":{"width":1,"height":1,"png":"T"}})"), HasSubstr("multiple of four"));
  EXPECT_THAT(error_of(R"({"title":7})"), HasSubstr("not a figure"));
}

TEST(RenderSvg, APictureStandsAsItIsAmongDrawnOnes) {
  Figure picture;
  picture.name = "view";
  picture.picture = {"\x89PNG", 30, 20};
  const std::vector<std::string> svg = render_svg({curve("a"), picture});
  ASSERT_THAT(svg, SizeIs(2));
  EXPECT_THAT(svg[0], HasSubstr("reference"));
  EXPECT_THAT(svg[1], HasSubstr("viewBox=\"0 0 30 20\""));
  EXPECT_THAT(svg[1], HasSubstr("data:image/png;base64,iVBORw=="));
}

TEST(RenderSvg, OnePictureForEachFigure) {
  const auto pictures = render_svg({curve("loss"), curve("accuracy")});
  ASSERT_THAT(pictures, SizeIs(2));
  EXPECT_THAT(pictures[0], HasSubstr("<svg"));
  EXPECT_THAT(pictures[0], Not(HasSubstr("<?xml")));
  EXPECT_THAT(pictures[0], HasSubstr("loss"));
  EXPECT_THAT(pictures[1], HasSubstr("accuracy"));
  EXPECT_THAT(pictures[0], HasSubstr("var(--series-0, #0072b2)"));
  EXPECT_THAT(pictures[0], HasSubstr("bound"));
  EXPECT_THAT(pictures[0], Not(HasSubstr("id=\"gnuplot")));  // ids differ from picture to picture
}

TEST(RenderSvg, DrawsWhatHasNothingToDraw) {
  Figure empty;
  Figure gaps;
  gaps.y_log = true;
  gaps.series = {{"negative", {1, 2}, {-1, std::nan("")}}};
  Figure constant;
  constant.series = {{"constant", {1, 2}, {5, 5}}};
  const auto pictures = render_svg({empty, gaps, constant});
  ASSERT_THAT(pictures, SizeIs(3));
  EXPECT_THAT(pictures[1], HasSubstr("no values to draw"));
  EXPECT_THAT(render_svg({}), SizeIs(0));
}

TEST(RenderSvg, HostileNamesAreOnlyShown) {
  const testing::TemporaryFolder folder;
  const std::string marker = (folder.path() / "injected").string();
  for (const std::string& attack :
       {"`touch " + marker + "`", "\"; system('touch " + marker + "') #", "'\nsystem('touch " + marker + "')\n'",
        std::string("</text><script>alert(1)</script>"), std::string("%s%n%d %.999f"),
        std::string("\\042\n!touch ") + marker, std::string("\xFF\x01 @macro {/*9 big}")}) {
    Figure figure = curve(attack);
    figure.x_label = figure.y_label = figure.series[0].name = figure.references[0].label = attack;
    Figure map;
    map.heat_map = {{{1, 2}}, {attack}, {attack, attack}};
    for (const auto& picture : render_svg({figure, map})) {
      EXPECT_THAT(picture, Not(HasSubstr("<script")));
      EXPECT_THAT(picture, Not(HasSubstr("</text><")));
    }
    EXPECT_FALSE(std::filesystem::exists(marker)) << attack;
  }
}

TEST(RenderSvg, LabelsAreShownAsTheyAre) {
  Figure figure = curve("50% of `x_1^2` \"q\" 'p' 007");
  EXPECT_THAT(render_svg({figure})[0], HasSubstr("50% of `x_1^2` \"q\" 'p' 007"));
  figure.heat_map = {{{1, 2}}, {}, {"10%", "20%"}};
  EXPECT_THAT(render_svg({figure})[0], HasSubstr("20%"));
}

TEST(GnuplotScript, LabelsOfLinesStandWhereTheCurvesLeaveRoom) {
  Figure figure;
  figure.references = {{1, "bound"}};
  const auto label = [&](std::vector<double> y) {
    figure.series = {{"loss", {0, 1, 2, 3, 4}, std::move(y)}};
    const std::string script = gnuplot_script(figure, {}, "picture");
    const std::size_t at = script.find("set label \"bound\"");
    return script.substr(at, script.find('\n', at) - at);
  };
  EXPECT_THAT(label({9, 5, 2, 1.1, 1.01}), HasSubstr("at graph 0, first 1 left"));  // comes down to the line
  EXPECT_THAT(label({1.01, 1.1, 2, 5, 9}), HasSubstr("at graph 1, first 1 right"));
  EXPECT_THAT(label({9, 9, 9, 9, 9}), HasSubstr("at graph 1, first 1 right"));
}

TEST(GnuplotString, EscapesDigitsBecauseAnEscapeHasNoFixedLength) {
  EXPECT_EQ(gnuplot_string("a-1 b"), "\"a\\055\\061 b\"");
}

TEST(RenderSvg, WithoutGnuplotItSaysWhatToInstall) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  try {
    render_svg({curve("loss")});
    ADD_FAILURE() << "drawn without gnuplot";
  } catch (const SystemError& error) {
    EXPECT_THAT(error.what(), HasSubstr("install gnuplot-nox"));
  }
  ::setenv("PATH", path.c_str(), 1);
}

}  // namespace
}  // namespace talweg::plot
