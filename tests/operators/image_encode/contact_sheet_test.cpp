// image.contact_sheet alone.
#include <doctest/doctest.h>

#include <vector>

#include "flat_frame.h"
#include "pipit/testing.h"

namespace {

using pipit::Frame;
using pipit::Value;
using pipit::test::Colour;
using pipit::test::flat_frame;
using pipit::test::pixel;
using pipit::testing::OperatorRunner;

constexpr Colour kRed{200, 10, 10};
constexpr Colour kGreen{10, 200, 10};
constexpr Colour kBlue{10, 10, 200};
constexpr Colour kBehind{24, 24, 24};

OperatorRunner sheets(const OperatorRunner::Arguments& arguments) {
  return OperatorRunner("image.contact_sheet", arguments, {.operator_path = {PIPIT_BUILD_DIR "/lib/pipit/operators"}});
}

Frame sheet_of(OperatorRunner& runner, const std::vector<Value>& frames) {
  return runner.item({{Value::list(frames)}}).outputs().at(0).at(0).frame();
}

}  // namespace

TEST_CASE("a contact sheet shows the frames row by row") {
  OperatorRunner runner = sheets({{"columns", 2}, {"tile_width", 16}});
  const Frame sheet =
      sheet_of(runner, {flat_frame(64, 32, kRed, 1500), flat_frame(64, 32, kGreen, 2500), flat_frame(64, 32, kBlue)});
  CHECK(sheet.width() == 32);
  CHECK(sheet.height() == 16);
  CHECK(sheet.info().timestamp_ms == 1500);
  for (const int x : {0, 15}) {
    for (const int y : {0, 7}) {
      CHECK(pixel(sheet, x, y) == kRed);
      CHECK(pixel(sheet, x + 16, y) == kGreen);
      CHECK(pixel(sheet, x, y + 8) == kBlue);
      CHECK(pixel(sheet, x + 16, y + 8) == kBehind);
    }
  }
}

TEST_CASE("a contact sheet is no wider than its frames need") {
  OperatorRunner runner = sheets({{"columns", 8}, {"tile_width", 10}});
  const Frame sheet = sheet_of(runner, {flat_frame(5, 5, kRed), flat_frame(5, 5, kBlue)});
  CHECK(sheet.width() == 20);
  CHECK(sheet.height() == 10);
}

TEST_CASE("a frame of another shape stands in the middle of its room") {
  OperatorRunner runner = sheets({{"tile_width", 16}});
  const Frame sheet = sheet_of(runner, {flat_frame(32, 32, kRed), flat_frame(8, 32, kGreen)});
  CHECK(pixel(sheet, 16, 8) == kBehind);
  CHECK(pixel(sheet, 21, 8) == kBehind);
  CHECK(pixel(sheet, 22, 8) == kGreen);
  CHECK(pixel(sheet, 25, 8) == kGreen);
  CHECK(pixel(sheet, 26, 8) == kBehind);
}

TEST_CASE("a line of one pixel and a frame of extreme shape have a sheet") {
  OperatorRunner runner = sheets({{"tile_width", 4}});
  CHECK(sheet_of(runner, {flat_frame(1, 1, kRed)}).height() == 4);
  CHECK(sheet_of(runner, {flat_frame(1, 30000, kRed)}).height() == 8192);
  CHECK(sheet_of(runner, {flat_frame(30000, 1, kRed)}).height() == 1);
}

TEST_CASE("a window without frames has no sheet") {
  OperatorRunner runner = sheets({});
  const auto item = runner.item({{Value::list({})}});
  REQUIRE(item.error() != nullptr);
  CHECK(item.error()->code() == "invalid_input");
  CHECK(std::string(item.error()->what()) == "a contact sheet needs at least one frame, the window has none");
}
