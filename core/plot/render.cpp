#include "core/plot/render.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "core/io/base64.h"
#include "core/io/output_file.h"
#include "core/plot/gnuplot.h"
#include "core/plot/script.h"
#include "core/plot/svg_cleanup.h"

namespace talweg::plot {
namespace {

namespace fs = std::filesystem;

/// A folder of our own that goes away with everything in it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::error_code ignored;
    fs::path parent = fs::temp_directory_path(ignored);
    if (parent.empty()) parent = "/tmp";
    std::string name = (parent / "talweg-plot-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw io::file_error("make the folder", name, errno);
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

bool is_drawn(const Figure& figure) {
  return figure.picture.png.empty();
}

/// A picture as it is, its pixels sharp.
std::string embedded(const Picture& picture) {
  return fmt::format(
      "<svg viewBox=\"0 0 {0} {1}\" xmlns=\"http://www.w3.org/2000/svg\"><image width=\"{0}\" height=\"{1}\" "
      "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{2}\"/></svg>",
      picture.width, picture.height, io::base64(picture.png));
}

}  // namespace

std::vector<std::string> render_svg(const std::vector<Figure>& figures, const RenderOptions& options) {
  if (figures.empty()) return {};
  const ScratchFolder folder;
  const auto picture = [&](size_t i) { return folder.path() / fmt::format("{}.svg", i); };
  const fs::path script = folder.path() / "script.gp";
  {
    io::OutputFile file(script, io::OpenMode::create_new);
    for (size_t i = 0; i < figures.size(); ++i)
      if (is_drawn(figures[i])) file.write(gnuplot_script(figures[i], options, picture(i).string()));
    file.close();
  }
  if (std::any_of(figures.begin(), figures.end(), is_drawn)) run_gnuplot(script);
  std::vector<std::string> pictures;
  for (size_t i = 0; i < figures.size(); ++i)
    pictures.push_back(is_drawn(figures[i]) ? clean_svg(io::read_whole_file(picture(i)), fmt::format("figure{}-", i))
                                            : embedded(figures[i].picture));
  return pictures;
}

}  // namespace talweg::plot
