// A decoded frame as RGB pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/api.h"
#include "media/ffmpeg.h"

namespace pipit::video {

/// How a stored picture is turned for display: the eight ways of a display matrix with right angles.
struct PIPIT_VIDEO_API Orientation {
  bool transposed = false;  // rows become columns, after which
  bool flip_x = false;      // left and right
  bool flip_y = false;      // and top and bottom are swapped

  bool upright() const { return !transposed && !flip_x && !flip_y; }

  /// From a display matrix as containers carry it; nullopt when it turns by other than right angles (two degrees are
  /// forgiven). Upright when the matrix has no angle, as one of zeros.
  static std::optional<Orientation> from_matrix(const std::int32_t* matrix);
};

/// Converts frames to RGB, 8 bit, rows packed: the same pixels as PyAV 18 (FFmpeg 8) gives with
/// to_ndarray(format="rgb24"), in 4:2:0 with an odd width and height within one step of 255.
///
/// The colour matrix, range and chroma position are the frame's own; what it leaves unspecified is BT.601, limited
/// range (full for the yuvj formats) and centred chroma, as FFmpeg's scaler takes it. The two fields of an interlaced
/// frame are converted apart where they share chroma lines, which alternate then. No transfer function is applied: HDR
/// stays as coded. The scaler runs with bilinear filters and without accurate rounding, as PyAV runs it.
class PIPIT_VIDEO_API RgbConverter {
 public:
  struct Size {
    int width;
    int height;
    std::size_t bytes() const {
      return std::size_t{3} * static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    }
  };

  /// The size of a frame once it is turned.
  static Size size(const AVFrame& frame, Orientation orientation);

  /// Writes size().bytes() bytes. The frame has pixels: a size, data and a format of the CPU's (Reader sees to it).
  /// Throws `invalid_media` when the scaler cannot. Fast when `out` is 64-byte aligned and the width a multiple of 64.
  void convert(const AVFrame& frame, Orientation orientation, std::uint8_t* out);

 private:
  /// What a scaler is made for.
  struct Source {
    int width;
    int height;
    int format;
    int matrix;
    int range;
    int chroma_x;
    int chroma_y;
    bool operator==(const Source&) const = default;
  };
  struct Scaler {
    Source source{};
    SwsPtr sws;
  };
  enum class Lines { kAll, kEven, kOdd };

  void scale_frame(const AVFrame& frame, std::uint8_t* target, std::size_t stride);
  /// The frame itself, or what it is with a chroma line for each line, where the scaler does not see to that well.
  const AVFrame& with_all_chroma_lines(const AVFrame& frame);
  static bool has_fields(const AVFrame& frame);
  static Source source(const AVFrame& frame, Lines lines);
  static void prepare(Scaler& scaler, const Source& source);
  void scale(const AVFrame& frame, Lines lines, std::uint8_t* target, std::size_t stride);

  Scaler scalers_[3];  // by Lines
  FramePtr widened_;
  std::vector<std::uint8_t> rows_;
};

}  // namespace pipit::video
