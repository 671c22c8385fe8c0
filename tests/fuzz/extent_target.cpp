// The sizes of boxes, segments and chunks that say how long a video file is.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "media/video/extent.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = ::memfd_create("extent", 0);
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  for (const bool has_all_packets : {false, true}) {
    const auto promised = pipit::video::promised_size(file, static_cast<std::int64_t>(size), has_all_packets);
    if (promised && *promised < 0) std::abort();
  }
  return 0;
}
