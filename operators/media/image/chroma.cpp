#include "media/image/chroma.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace pipit::image {
namespace {

struct Plane {
  const std::uint8_t* data;
  int stride;
  int width;
  int height;

  const std::uint8_t* row(int y) const { return data + std::ptrdiff_t{std::clamp(y, 0, height - 1)} * stride; }
};

/// Where the second of two samples lies that pixel `at` is between.
int farther(int at) {
  return at / 2 + (at % 2 != 0 ? 1 : -1);
}

void copy_luma(const AVFrame& from, AVFrame& to) {
  for (int y = 0; y < from.height; ++y) {
    std::memcpy(to.data[0] + std::ptrdiff_t{y} * to.linesize[0], from.data[0] + std::ptrdiff_t{y} * from.linesize[0],
                static_cast<std::size_t>(from.width));
  }
}

void widen(const Plane& in, bool across, bool down, int plane, AVFrame& to) {
  // libjpeg repeats the samples of pictures that have hardly any.
  const bool smooth = !across || in.width > 2;
  std::vector<int> line(static_cast<std::size_t>(in.width));
  for (int y = 0; y < to.height; ++y) {
    const std::uint8_t* near = in.row(down ? y / 2 : y);
    const std::uint8_t* far = down && smooth ? in.row(farther(y)) : near;
    for (int x = 0; x < in.width; ++x) line[static_cast<std::size_t>(x)] = 3 * near[x] + far[x];  // of 4
    std::uint8_t* out = to.data[plane] + std::ptrdiff_t{y} * to.linesize[plane];
    const auto at = [&](int x) { return line[static_cast<std::size_t>(std::clamp(x, 0, in.width - 1))]; };
    for (int x = 0; x < to.width; ++x) {
      int value = 0;
      if (!smooth) {
        value = near[x / 2];
      } else if (!across) {
        value = (at(x) + (y % 2 != 0 ? 2 : 1)) >> 2;
      } else if (down) {
        value = (3 * at(x / 2) + at(farther(x)) + (x % 2 != 0 ? 7 : 8)) >> 4;
      } else {
        value = (3 * at(x / 2) + at(farther(x)) + (x % 2 != 0 ? 8 : 4)) >> 4;
      }
      out[x] = static_cast<std::uint8_t>(value);
    }
  }
}

}  // namespace

video::FramePtr with_full_chroma(const AVFrame& frame) {
  const AVPixFmtDescriptor& layout = *av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  const std::uint64_t kind = layout.flags & ~std::uint64_t{AV_PIX_FMT_FLAG_ALPHA};
  const bool across = layout.log2_chroma_w == 1;
  const bool down = layout.log2_chroma_h == 1;
  if (kind != AV_PIX_FMT_FLAG_PLANAR || layout.nb_components < 3 || layout.comp[0].depth != 8 || (!across && !down) ||
      layout.log2_chroma_w > 1 || layout.log2_chroma_h > 1) {
    return nullptr;
  }
  const bool full_range = frame.color_range == AVCOL_RANGE_JPEG || std::strncmp(layout.name, "yuvj", 4) == 0;
  video::FramePtr wide(video::allocated(av_frame_alloc()));
  wide->width = frame.width;
  wide->height = frame.height;
  wide->format = AV_PIX_FMT_YUV444P;
  wide->colorspace = frame.colorspace;
  wide->color_range = full_range ? AVCOL_RANGE_JPEG : frame.color_range;
  if (av_frame_get_buffer(wide.get(), 0) < 0) throw std::bad_alloc();
  copy_luma(frame, *wide);
  for (const int plane : {1, 2}) {
    const Plane in{frame.data[plane], frame.linesize[plane], AV_CEIL_RSHIFT(frame.width, layout.log2_chroma_w),
                   AV_CEIL_RSHIFT(frame.height, layout.log2_chroma_h)};
    widen(in, across, down, plane, *wide);
  }
  return wide;
}

}  // namespace pipit::image
