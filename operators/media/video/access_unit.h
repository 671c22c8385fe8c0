// What the bytes of one packet say about the picture in it, without decoding it.
#pragma once

#include <string>

#include "media/ffmpeg.h"

namespace pipit::video {

/// The picture of one packet, as far as its headers tell.
struct AccessUnit {
  /// Decoding may start here: nothing that is shown later than this picture needs anything before it. Pictures that
  /// follow it and are shown earlier (leading ones) may.
  bool entry = false;
  /// No other picture refers to it, and nothing else of it outlives it in the decoder.
  bool disposable = false;
  /// The packet gives exactly one frame.
  bool one_frame = false;
  /// What it tells about the pictures after it (parameter sets, sequence headers), byte by byte.
  std::string parameters;
};

/// Reads packets of one stream. What it does not understand is neither an entry nor disposable nor one frame.
class AccessUnitReader {
 public:
  AccessUnitReader() = default;
  explicit AccessUnitReader(const AVCodecParameters& stream);

  /// Whether it knows the stream's codec: H.264, HEVC, MPEG-1, MPEG-2, MPEG-4 Part 2, VP8, VP9, AV1, and those of still
  /// pictures alone.
  bool knows_codec() const { return read_ != nullptr; }
  AccessUnit read(const AVPacket& packet) const { return (this->*read_)(packet); }

 private:
  AccessUnit read_h264(const AVPacket& packet) const;
  AccessUnit read_hevc(const AVPacket& packet) const;
  AccessUnit read_mpeg12(const AVPacket& packet) const;
  AccessUnit read_mpeg4(const AVPacket& packet) const;
  AccessUnit read_vp8(const AVPacket& packet) const;
  AccessUnit read_vp9(const AVPacket& packet) const;
  AccessUnit read_av1(const AVPacket& packet) const;
  AccessUnit read_still(const AVPacket& packet) const;

  AccessUnit (AccessUnitReader::*read_)(const AVPacket&) const = nullptr;
  int length_bytes_ = 0;         // before each NAL unit; 0: start codes between them
  bool temporal_layers_ = true;  // of HEVC: there may be more than one
};

}  // namespace pipit::video
