// image.contact_sheet: the frames of a window side by side in one.
#include "pipit/operator.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstring>
#include <span>

#include "media/still/scaled_picture.h"

namespace {

using pipit::still::Pixels;

struct Box {
  int width;
  int height;
};

/// The largest box of a frame's shape inside another.
Box fitted(Box shape, Box into) {
  const double scale =
      std::min(static_cast<double>(into.width) / shape.width, static_cast<double>(into.height) / shape.height);
  const auto side = [&](int length, int most) {
    return std::clamp(static_cast<int>(std::lround(length * scale)), 1, most);
  };
  return {side(shape.width, into.width), side(shape.height, into.height)};
}

Box size_of(const pipit::Frame& frame) {
  if (!frame.pixels().contiguous()) throw pipit::Error("invalid_input", "the frame's pixels have gaps");
  if (frame.width() < 1 || frame.height() < 1 || frame.width() > INT_MAX / 3 || frame.height() > INT_MAX) {
    throw pipit::Error("invalid_input", "a frame of " + std::to_string(frame.width()) + " × " +
                                            std::to_string(frame.height()) + " pixels cannot be shown");
  }
  return {static_cast<int>(frame.width()), static_cast<int>(frame.height())};
}

class ContactSheet {
 public:
  static pipit::Signature signature() {
    return pipit::Signature(
               "Shows the frames of a window side by side, row by row, in one frame. All get the room that the first "
               "one "
               "has in `tile_width`; one of another shape stands in its middle.")
        .input_window("frames", "frame")
        .output("sheet", "frame", "with the first frame's time")
        .argument("columns", "int", "4", "frames side by side at most")
        .between(1, 64)
        .argument("tile_width", "int", "320", "pixels that each frame's width becomes")
        .between(1, 4096);
  }

  ContactSheet(const pipit::Arguments& arguments, pipit::Context&)
      : columns_(static_cast<int>(arguments.integer("columns"))),
        tile_width_(static_cast<int>(arguments.integer("tile_width"))) {}

  pipit::Value process(const pipit::Row& row) const {
    const std::span<const pipit::Value> frames = row[0].list();
    if (frames.empty())
      throw pipit::Error("invalid_input", "a contact sheet needs at least one frame, the window has none");
    const pipit::Frame first = frames.front().frame();
    const Box tile = tile_of(size_of(first));
    const auto count = static_cast<std::int64_t>(frames.size());
    const std::int64_t columns = std::min<std::int64_t>(columns_, count);
    const std::int64_t rows = (count + columns - 1) / columns;
    pipit::Tensor sheet = pipit::Tensor::empty(pipit::DType::kUInt8, {rows * tile.height, columns * tile.width, 3});
    auto* pixels = sheet.mutable_data<std::uint8_t>();
    std::memset(pixels, kBehind, static_cast<std::size_t>(sheet.elements()));
    const auto stride = static_cast<std::size_t>(3 * columns * tile.width);
    for (std::int64_t i = 0; i < count; ++i) {
      std::uint8_t* corner = pixels + static_cast<std::size_t>(i / columns * tile.height) * stride +
                             static_cast<std::size_t>(3 * (i % columns) * tile.width);
      show(frames[static_cast<std::size_t>(i)].frame(), {corner, tile.width, tile.height, stride});
    }
    return pipit::Frame::make(first.info(), sheet);
  }

 private:
  static constexpr int kBehind = 24;  // nearly black
  static constexpr int kTallest = 8192;

  Box tile_of(Box frame) const { return {tile_width_, fitted(frame, {tile_width_, kTallest}).height}; }

  static void show(const pipit::Frame& frame, const Pixels& tile) {
    const Box size = size_of(frame);
    const Box shown = fitted(size, {tile.width, tile.height});
    std::uint8_t* corner = tile.data + static_cast<std::size_t>((tile.height - shown.height) / 2) * tile.stride +
                           static_cast<std::size_t>(3 * ((tile.width - shown.width) / 2));
    // The scaler reads only.
    auto* pixels = const_cast<std::uint8_t*>(frame.pixels().data<std::uint8_t>());
    pipit::still::scale({pixels, size.width, size.height, static_cast<std::size_t>(3) * size.width},
                        {corner, shown.width, shown.height, tile.stride});
  }

  int columns_;
  int tile_width_;
};

}  // namespace

PIPIT_OPERATOR("image.contact_sheet", "1.0.0", "shows the frames of a window in one", ContactSheet);
