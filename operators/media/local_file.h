// A regular file on this machine, and nothing else that a path may name.
#pragma once

#include <cstdint>
#include <string>

#include "media/api.h"

namespace pipit::video {

/// Open for reading while it lives. The path is never taken for a URL; anything but a regular file (a FIFO, a device, a
/// directory) and an empty file are refused without being read or waited for.
class PIPIT_VIDEO_API LocalFile {
 public:
  /// `kind` is what messages call it: "video". Throws pipit::Error: `not_found`, `invalid_media`, or `invalid_input`
  /// for a path that cannot be one.
  LocalFile(const std::string& path, const std::string& kind);
  ~LocalFile();
  LocalFile(const LocalFile&) = delete;
  LocalFile& operator=(const LocalFile&) = delete;

  int descriptor() const { return descriptor_; }
  std::int64_t size() const { return size_; }

 private:
  int descriptor_ = -1;
  std::int64_t size_ = 0;
};

}  // namespace pipit::video
