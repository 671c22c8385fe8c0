#include "image_file.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace pipit::image {
namespace {

using video::Orientation;

/// A stretch of the file; reading beyond its end gives zeros.
class Bytes {
 public:
  explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::size_t size() const { return bytes_.size(); }
  std::uint64_t big_endian(std::size_t at, std::size_t count) const {
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < count; ++i) n = n << 8 | byte(at + i);
    return n;
  }
  std::uint64_t little_endian(std::size_t at, std::size_t count) const {
    std::uint64_t n = 0;
    for (std::size_t i = count; i-- > 0;) n = n << 8 | byte(at + i);
    return n;
  }
  bool holds(std::string_view text, std::size_t at) const {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (byte(at + i) != static_cast<std::uint8_t>(text[i])) return false;
    }
    return true;
  }
  Bytes from(std::size_t at, std::size_t count = std::dynamic_extent) const {
    at = std::min(at, size());
    return Bytes(bytes_.subspan(at, std::min(count, size() - at)));
  }

 private:
  std::uint8_t byte(std::size_t at) const { return at < size() ? bytes_[at] : 0; }

  std::span<const std::uint8_t> bytes_;
};

/// EXIF counts the eight ways from 1.
Orientation from_exif(std::uint64_t value) {
  switch (value) {
    case 2:
      return {false, true, false};
    case 3:
      return {false, true, true};
    case 4:
      return {false, false, true};
    case 5:
      return {true, false, false};
    case 6:
      return {true, true, false};
    case 7:
      return {true, true, true};
    case 8:
      return {true, false, true};
    default:
      return {};
  }
}

/// EXIF's data: a TIFF header and a directory of entries, 12 bytes each.
Orientation read_exif(Bytes exif) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  constexpr std::uint64_t kOrientationTag = 0x0112;
  constexpr std::uint64_t kShort = 3;
  if (exif.holds(kPrefix, 0)) exif = exif.from(kPrefix.size());
  const bool little = exif.holds("II", 0);
  if (!little && !exif.holds("MM", 0)) return {};
  const auto number = [&](std::size_t at, std::size_t count) {
    return little ? exif.little_endian(at, count) : exif.big_endian(at, count);
  };
  const std::size_t directory = number(4, 4);
  const std::uint64_t entries = number(directory, 2);
  for (std::size_t i = 0; i < entries && directory + 14 + 12 * i <= exif.size(); ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    if (number(entry, 2) == kOrientationTag && number(entry + 2, 2) == kShort) return from_exif(number(entry + 8, 2));
  }
  return {};
}

ImageFile parse_jpeg(const Bytes& file) {
  ImageFile is{ImageKind::kJpeg, {}, false};
  std::size_t at = 2;
  while (at + 4 <= file.size() && file.big_endian(at, 1) == 0xFF) {
    const std::uint64_t marker = file.big_endian(at + 1, 1);
    if (marker == 0xFF) {  // filler
      ++at;
      continue;
    }
    if (marker == 0xE1 && file.holds("Exif", at + 4))
      is.orientation = read_exif(file.from(at + 4, file.big_endian(at + 2, 2) - 2));
    at += 2 + file.big_endian(at + 2, 2);
    if (marker != 0xDA) continue;
    // Coded data has no such marker inside it; thumbnails, which have, came before.
    for (; at + 2 <= file.size() && !is.whole; ++at) is.whole = file.big_endian(at, 2) == 0xFFD9;
    break;
  }
  return is;
}

ImageFile parse_png(const Bytes& file) {
  ImageFile is{ImageKind::kPng, {}, false};
  for (std::size_t at = 8; at + 12 <= file.size() && !is.whole; at += 12 + file.big_endian(at, 4)) {
    if (file.holds("eXIf", at + 4)) is.orientation = read_exif(file.from(at + 8, file.big_endian(at, 4)));
    is.whole = file.holds("IEND", at + 4);
  }
  return is;
}

ImageFile parse_webp(const Bytes& file) {
  ImageFile is{ImageKind::kWebp, {}, file.little_endian(4, 4) + 8 <= file.size()};
  for (std::size_t at = 12; at + 8 <= file.size();) {
    const std::uint64_t size = file.little_endian(at + 4, 4);
    if (file.holds("EXIF", at)) is.orientation = read_exif(file.from(at + 8, size));
    at += 8 + size + size % 2;
  }
  return is;
}

}  // namespace

std::optional<ImageFile> ImageFile::parse(std::span<const std::uint8_t> bytes) {
  const Bytes file(bytes);
  if (file.holds("\xFF\xD8\xFF", 0)) return parse_jpeg(file);
  if (file.holds("\x89PNG\r\n\x1A\n", 0)) return parse_png(file);
  if (file.holds("RIFF", 0) && file.holds("WEBP", 8)) return parse_webp(file);
  if (file.holds("BM", 0)) return ImageFile{ImageKind::kBmp, {}, file.little_endian(2, 4) <= file.size()};
  return std::nullopt;
}

}  // namespace pipit::image
