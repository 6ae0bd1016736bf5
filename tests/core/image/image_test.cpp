// Pictures: PNG files that are written and read again, JPEG, and files that cannot be.
#include "core/image/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "complaint.h"
#include "core/io/base64.h"
#include "core/temporary_folder.h"

namespace talweg::image {
namespace {

using talweg::testing::complaint;
using ::testing::HasSubstr;

class Image : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_.path() / name, std::ios::binary | std::ios::trunc) << bytes;
    return folder_.path() / name;
  }
  const talweg::testing::TemporaryFolder folder_;
};

Colours some_colours() {
  Colours picture(5, 3, 3);
  for (std::size_t i = 0; i < picture.values.size(); ++i) picture.values[i] = static_cast<std::uint8_t>(i * 5);
  return picture;
}

/// A grey JPEG of 8 × 8 pixels, all of the value 128, coded by hand: one block whose coefficients are zero.
std::string grey_jpeg() {
  std::string bytes("\xff\xd8\xff\xdb\x00\x43\x00", 7);
  bytes.append(64, '\x01');
  bytes.append("\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00", 13);
  // Tables with one code of one bit: no difference, end of block.
  for (const char kind : {'\x00', '\x10'}) {
    bytes.append("\xff\xc4\x00\x14", 4);
    bytes += kind;
    bytes += '\x01';
    bytes.append(15, '\x00');
    bytes += '\x00';
  }
  bytes.append("\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00", 10);
  bytes += '\x3f';  // 0, 0, and ones to fill the byte
  return bytes + "\xff\xd9";
}

TEST_F(Image, APngFileHoldsItsPixels) {
  const Colours picture = some_colours();
  const Colours read = read_colours(write("a.png", png_of(picture)));
  EXPECT_EQ(read.width, 5);
  EXPECT_EQ(read.height, 3);
  EXPECT_EQ(read.values, picture.values);
}

TEST_F(Image, DepthsKeepTheirSixteenBits) {
  Depths picture(4, 2, 1);
  picture.values = {0, 1, 255, 256, 5000, 32768, 65534, 65535};
  EXPECT_EQ(read_depths(write("d.png", png_of(picture))).values, picture.values);
}

TEST_F(Image, AJpegFileIsSpreadToThreeColours) {
  const Colours read = read_colours(write("a.jpg", grey_jpeg()));
  EXPECT_EQ(read.width, 8);
  EXPECT_EQ(read.values, std::vector<std::uint8_t>(192, 128));
}

TEST_F(Image, WhatCannotBeDecodedIsNamedWithItsFault) {
  const std::string png = png_of(some_colours());
  const auto of = [&](const std::string& bytes) {
    return complaint([&, file = write("x.png", bytes)] { read_colours(file); });
  };
  EXPECT_THAT(of("GIF89a"), HasSubstr("neither PNG nor JPEG"));
  EXPECT_THAT(of(""), HasSubstr("neither PNG nor JPEG"));
  EXPECT_THAT(of(png.substr(0, png.size() / 2)), HasSubstr("x.png' cannot be decoded: the file is cut short"));
  std::string damaged = png;
  damaged[damaged.size() - 20] = static_cast<char>(damaged[damaged.size() - 20] ^ 0x55);
  EXPECT_THAT(of(damaged), HasSubstr("cannot be decoded"));
  EXPECT_THAT(of(grey_jpeg().substr(0, 60)), HasSubstr("cannot be decoded"));
  EXPECT_THAT(complaint([&] { read_depths(write("c.png", png)); }), HasSubstr("this picture has several"));
  EXPECT_THAT(complaint([&] { read_depths(write("c.jpg", grey_jpeg())); }), HasSubstr("this is none"));
}

TEST(Base64, HasPaddingAndComesBack) {
  EXPECT_EQ(io::base64("Man"), "TWFu");
  EXPECT_EQ(io::base64("Ma"), "TWE=");
  EXPECT_EQ(io::base64("M"), "TQ==");
  for (const std::string& bytes : {std::string(), std::string("\0\xff\x7f", 3), std::string("hello, world")})
    EXPECT_EQ(io::from_base64(io::base64(bytes)), bytes);
  EXPECT_THAT(complaint([] { io::from_base64("TWF"); }), HasSubstr("multiple of four"));
  EXPECT_THAT(complaint([] { io::from_base64("TW*u"); }), HasSubstr("none of its own"));
}

}  // namespace
}  // namespace talweg::image
