// What may be read of files from strangers: an explicit list of containers and of codecs, whatever else FFmpeg knows.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "media/api.h"

namespace pipit::video {

/// Containers and streams of video, by the first of FFmpeg's names for each. No playlists, no image sequences, nothing
/// that names other files.
inline const std::initializer_list<std::string_view> kContainers = {
    "mov", "matroska", "avi",  "mpegts", "mpeg", "mpegvideo", "flv",          "asf", "ogg",
    "mxf", "ivf",      "h264", "hevc",   "m4v",  "obu",       "yuv4mpegpipe", "dv",  "gif"};

/// By FFmpeg's names: what cameras, phones, browsers and editors write, and what archives hold.
inline const std::initializer_list<std::string_view> kCodecs = {
    "h264", "hevc", "av1",    "vp8",      "vp9",     "mpeg1video", "mpeg2video", "mpeg4",   "msmpeg4v2", "msmpeg4v3",
    "wmv1", "wmv2", "wmv3",   "vc1",      "h261",    "h263",       "flv1",       "theora",  "mjpeg",     "gif",
    "vp6",  "vp6f", "prores", "dnxhd",    "dvvideo", "ffv1",       "huffyuv",    "ffvhuff", "utvideo",   "rawvideo",
    "png",  "v210", "cfhd",   "jpeg2000", "svq3",    "cinepak",    "qtrle",      "msvideo1"};

/// Which of them a file may have.
class PIPIT_VIDEO_API AcceptedFormats {
 public:
  /// An empty list: any of the above.
  AcceptedFormats() : AcceptedFormats({}, {}) {}
  AcceptedFormats(std::vector<std::string> containers, std::vector<std::string> codecs);

  const std::vector<std::string>& containers() const { return containers_; }
  const std::vector<std::string>& codecs() const { return codecs_; }
  /// FFmpeg's decoders for the codecs, apart by commas, as its `codec_whitelist` takes them: opening a file tries
  /// decoders on all its streams, and so tries no others.
  const std::string& decoders() const { return decoders_; }

 private:
  std::vector<std::string> containers_;
  std::vector<std::string> codecs_;
  std::string decoders_;
};

}  // namespace pipit::video
