#include "media/image/png_rows.h"

#include <algorithm>
#include <array>
#include <new>

namespace pipit::image {
namespace {

/// How many samples a pixel has, by colour type; 0: there is no such type.
std::uint64_t samples_of(std::uint32_t colour_type) {
  switch (colour_type) {
    case 0:  // grey
    case 3:  // palette
      return 1;
    case 2:  // RGB
      return 3;
    case 4:  // grey and alpha
      return 2;
    case 6:  // RGB and alpha
      return 4;
    default:
      return 0;
  }
}

/// Each row begins with a byte that names its filter; a picture without columns has no rows.
std::uint64_t bytes_of(std::uint64_t width, std::uint64_t height, std::uint64_t bits_per_pixel) {
  return width == 0 ? 0 : height * (1 + (width * bits_per_pixel + 7) / 8);
}

struct Pass {
  std::uint32_t x;
  std::uint32_t y;
  std::uint32_t step_x;
  std::uint32_t step_y;
};
constexpr std::array<Pass, 7> kAdam7{
    {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}};

std::uint64_t adam7_bytes(std::uint64_t width, std::uint64_t height, std::uint64_t bits_per_pixel) {
  std::uint64_t sum = 0;
  for (const Pass& pass : kAdam7) {
    const std::uint64_t columns = (width + pass.step_x - 1 - std::min<std::uint64_t>(pass.x, width)) / pass.step_x;
    const std::uint64_t rows = (height + pass.step_y - 1 - std::min<std::uint64_t>(pass.y, height)) / pass.step_y;
    sum += bytes_of(columns, rows, bits_per_pixel);
  }
  return sum;
}

}  // namespace

PngRows::PngRows() {
  if (::inflateInit(&stream_) != Z_OK) throw std::bad_alloc();
  open_ = true;
}

PngRows::~PngRows() {
  ::inflateEnd(&stream_);
}

void PngRows::head(const Bytes& data) {
  constexpr std::size_t kHead = 13;
  if (data.size() < kHead) return;
  const std::uint64_t width = data.big_endian(0, 4);
  const std::uint64_t height = data.big_endian(4, 4);
  const std::uint64_t bits_per_pixel = data.byte(8) * samples_of(data.byte(9));
  // FFmpeg refuses what has no pixels or more than 2^31 of them, or samples of another size.
  if (bits_per_pixel == 0 || bits_per_pixel > 64 || width >> 31 != 0 || height >> 31 != 0) return;
  const bool interlaced = data.byte(12) == 1;
  wanted_ = interlaced ? adam7_bytes(width, height, bits_per_pixel) : bytes_of(width, height, bits_per_pixel);
}

void PngRows::add(const Bytes& data) {
  std::array<std::uint8_t, 1 << 15> out;
  stream_.next_in = const_cast<Bytef*>(data.span().data());
  stream_.avail_in = static_cast<uInt>(data.size());
  stream_.avail_out = 0;
  // Room that is left over means that nothing more comes of this data.
  while (open_ && !complete() && stream_.avail_out == 0) {
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    const int status = ::inflate(&stream_, Z_NO_FLUSH);
    open_ = status == Z_OK || status == Z_BUF_ERROR;
    unpacked_ += out.size() - stream_.avail_out;
  }
}

}  // namespace pipit::image
