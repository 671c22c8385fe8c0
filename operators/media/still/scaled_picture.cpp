#include "media/still/scaled_picture.h"

#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "media/ffmpeg.h"
#include "pipit/error.h"

namespace pipit::still {

namespace {

// The scaler works in blocks and may write past the end of a row.
constexpr std::size_t kBlock = 64;

std::size_t whole_blocks(std::size_t bytes) {
  return (bytes + kBlock - 1) / kBlock * kBlock;
}

}  // namespace

void scale(const Pixels& from, const Pixels& to) {
  const video::SwsPtr sws(sws_getContext(from.width, from.height, AV_PIX_FMT_RGB24, to.width, to.height,
                                         AV_PIX_FMT_RGB24, SWS_AREA | SWS_ACCURATE_RND, nullptr, nullptr, nullptr));
  const std::size_t row = std::size_t{3} * static_cast<std::size_t>(to.width);
  const std::size_t stride = whole_blocks(row);
  std::vector<std::uint8_t> scaled(stride * (static_cast<std::size_t>(to.height) + 1));
  const std::uint8_t* const source[4] = {from.data};
  const int source_strides[4] = {static_cast<int>(from.stride)};
  std::uint8_t* const target[4] = {scaled.data()};
  const int target_strides[4] = {static_cast<int>(stride)};
  if (!sws || sws_scale(sws.get(), source, source_strides, 0, from.height, target, target_strides) != to.height) {
    throw Error("invalid_input", fmt::format("an image of {} × {} pixels cannot be scaled to {} × {}", from.width,
                                             from.height, to.width, to.height));
  }
  for (std::size_t y = 0; y < static_cast<std::size_t>(to.height); ++y) {
    std::memcpy(to.data + y * to.stride, scaled.data() + y * stride, row);
  }
}

}  // namespace pipit::still
