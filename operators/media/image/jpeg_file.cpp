// JPEG: segments, each a marker (FF, type) and a length, up to the coded data and the end mark (ITU-T T.81, annex B).
#include "media/image/image_file.h"
#include "media/image/orientation.h"

namespace pipit::image {
namespace {

constexpr std::uint8_t kStartOfScan = 0xDA;
constexpr std::uint8_t kEnd = 0xD9;
constexpr std::string_view kEndMarker = "\xFF\xD9";

/// The place of the next marker's type. What lies before it, left by a writer that miscounts, is passed over.
std::size_t next_marker(const Bytes& file, std::size_t at) {
  for (at = file.find("\xFF", at); at != Bytes::kNowhere; at = file.find("\xFF", at + 1)) {
    const std::uint8_t type = file.byte(at + 1);
    if (type != 0 && type != 0xFF) return at + 1 < file.size() ? at + 1 : Bytes::kNowhere;
  }
  return Bytes::kNowhere;
}

bool has_length(std::uint8_t type) {
  return type != 0x01 && (type < 0xD0 || type > 0xD9);
}

void read_application_data(const Bytes& segment, FoundOrientation& found) {
  constexpr std::string_view kXmp("http://ns.adobe.com/xap/1.0/\0", 29);
  if (segment.holds("Exif", 0) && !found.exif) found.exif = exif_orientation(segment);
  if (segment.holds(kXmp, 0)) found.xmp = xmp_orientation(segment.from(kXmp.size()));
}

}  // namespace

ImageFile parse_jpeg(const Bytes& file) {
  FoundOrientation found;
  std::size_t coded = Bytes::kNowhere;
  for (std::size_t at = next_marker(file, 2); at != Bytes::kNowhere;) {
    const std::uint8_t type = file.byte(at);
    const std::size_t length = has_length(type) ? file.big_endian(at + 1, 2) : 0;
    if (type == 0xE1 && length >= 2) read_application_data(file.from(at + 3, length - 2), found);
    if (type == kStartOfScan) coded = at + 1 + length;
    if (type == kStartOfScan || type == kEnd) break;
    at = next_marker(file, at + 1 + length);
  }
  // Coded data has no end mark inside it; thumbnails, which have, came before.
  const bool whole = coded != Bytes::kNowhere && file.find(kEndMarker, coded) != Bytes::kNowhere;
  return {.kind = ImageKind::kJpeg, .orientation = found.shown(), .whole = whole};
}

}  // namespace pipit::image
