// The rows of a PNG's picture, one stream of zlib over all its IDAT chunks.
#pragma once

#include <zlib.h>

#include <cstdint>

#include "media/image/bytes.h"

namespace pipit::image {

/// Counts what the rows unpack to, without keeping it, and compares that with what the header asks for.
class PngRows {
 public:
  PngRows();
  ~PngRows();
  PngRows(const PngRows&) = delete;
  PngRows& operator=(const PngRows&) = delete;

  /// The data of IHDR: width, height, bits of a sample, colour type, three methods, of which the last is Adam7's mark.
  void head(const Bytes& data);
  /// The data of the next IDAT.
  void add(const Bytes& data);
  /// Whether all rows were there.
  bool complete() const { return unpacked_ >= wanted_; }

 private:
  z_stream stream_{};
  bool open_ = false;
  std::uint64_t wanted_ = UINT64_MAX;
  std::uint64_t unpacked_ = 0;
};

}  // namespace pipit::image
