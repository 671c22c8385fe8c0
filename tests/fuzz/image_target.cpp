// JPEG's segments, PNG's chunks, WebP's and BMP's headers, EXIF and XMP in them: every parser by the file's first
// bytes.
#include <cstdlib>

#include "media/image/image_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of its own, so that one byte beyond is beyond the allocation.
  const std::vector<std::uint8_t> bytes(data, data + size);
  const auto file = pipit::image::ImageFile::parse(bytes);
  if (!file) {
    (void)pipit::image::other_kind(bytes);
    return 0;
  }
  // What the codec gets is the picture, with headers of ours and a line's padding at most.
  if (file->picture && file->picture->size() > size + 64) std::abort();
  return 0;
}
