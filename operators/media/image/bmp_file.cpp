// BMP: a header of 14 bytes (the file's size at 2, the pixels' place at 10), a header of the picture, a palette,
// pixels.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "media/image/image_file.h"

namespace pipit::image {
namespace {

/// Pairs of bytes: a run, or 0 and what is to be done, the end among it.
bool has_run_end(const Bytes& runs, bool nibbles) {
  for (std::size_t at = 0; at + 2 <= runs.size();) {
    const std::size_t count = runs.byte(at);
    const std::size_t what = runs.byte(at + 1);
    at += 2;
    if (count > 0) continue;
    if (what == 1) return true;
    if (what == 2) at += 2;
    if (what > 2) at += ((nibbles ? (what + 1) / 2 : what) + 1) / 2 * 2;
  }
  return false;
}

struct Pixels {
  std::size_t at;
  std::uint64_t lines;
  std::uint64_t line;    // bytes
  std::uint64_t stride;  // of a line with its padding
  bool in_runs;
  bool in_runs_of_nibbles;
};

Pixels read_header(const Bytes& file) {
  constexpr std::uint64_t kRuns8 = 1;
  constexpr std::uint64_t kRuns4 = 2;
  const bool old = file.little_endian(14, 4) == 12;
  const std::uint64_t width = old ? file.little_endian(18, 2) : file.little_endian(18, 4);
  // Negative: the lines come from above.
  const auto height = old ? static_cast<std::int64_t>(file.little_endian(20, 2))
                          : static_cast<std::int64_t>(static_cast<std::int32_t>(file.little_endian(22, 4)));
  const std::uint64_t bits = width * file.little_endian(old ? 24 : 28, 2);
  const std::uint64_t compression = old ? 0 : file.little_endian(30, 4);
  return {static_cast<std::size_t>(file.little_endian(10, 4)),
          static_cast<std::uint64_t>(std::abs(height)),
          (bits + 7) / 8,
          (bits + 31) / 32 * 4,
          compression == kRuns8 || compression == kRuns4,
          compression == kRuns4};
}

}  // namespace

ImageFile parse_bmp(const Bytes& file) {
  constexpr std::size_t kSizeAt = 2;
  const Pixels pixels = read_header(file);
  const std::size_t rest = file.from(pixels.at).size();
  std::vector<std::uint8_t> picture(file.span().begin(), file.span().end());
  ImageFile is{.kind = ImageKind::kBmp};
  if (pixels.in_runs) {
    is.whole = has_run_end(file.from(pixels.at), pixels.in_runs_of_nibbles);
  } else if (pixels.lines > 0 && pixels.stride > 0) {
    // Some writers leave the padding out.
    const bool dense = rest == pixels.line * pixels.lines && file.little_endian(kSizeAt, 4) == file.size();
    const std::uint64_t most = (rest + pixels.stride - pixels.line) / pixels.stride;
    is.whole = dense || pixels.lines <= most;
    // The padding of the last line may be missing: FFmpeg would take it to be missing from all.
    if (!dense && is.whole) picture.resize(std::max(picture.size(), pixels.at + pixels.stride * pixels.lines));
  }
  // Many writers do not know the size that they put there; FFmpeg takes it to the letter.
  for (std::size_t i = 0; i < 4 && kSizeAt + i < picture.size(); ++i) {
    picture[kSizeAt + i] = static_cast<std::uint8_t>(picture.size() >> (8 * i));
  }
  is.picture = std::move(picture);
  return is;
}

}  // namespace pipit::image
