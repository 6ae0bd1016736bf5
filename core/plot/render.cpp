#include "core/plot/render.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

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

}  // namespace

std::vector<std::string> render_svg(const std::vector<Figure>& figures, const RenderOptions& options) {
  if (figures.empty()) return {};
  const ScratchFolder folder;
  const auto picture = [&](size_t i) { return folder.path() / fmt::format("{}.svg", i); };
  const fs::path script = folder.path() / "script.gp";
  {
    io::OutputFile file(script, io::OpenMode::create_new);
    for (size_t i = 0; i < figures.size(); ++i) file.write(gnuplot_script(figures[i], options, picture(i).string()));
    file.close();
  }
  run_gnuplot(script);
  std::vector<std::string> pictures;
  for (size_t i = 0; i < figures.size(); ++i)
    pictures.push_back(clean_svg(io::read_whole_file(picture(i)), fmt::format("figure{}-", i)));
  return pictures;
}

}  // namespace talweg::plot
