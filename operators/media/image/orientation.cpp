#include "media/image/orientation.h"

#include <string>
#include <vector>

namespace pipit::image {
namespace {

using video::Orientation;

/// EXIF counts the eight ways from 1.
Orientation from_number(std::uint64_t value) {
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

/// Bytes of one number of a TIFF type; 0: not an integer.
std::size_t integer_size(std::uint64_t type) {
  switch (type) {
    case 1:  // BYTE
    case 6:  // SBYTE
      return 1;
    case 3:  // SHORT
    case 8:  // SSHORT
      return 2;
    case 4:   // LONG
    case 9:   // SLONG
    case 13:  // IFD
      return 4;
    default:
      return 0;
  }
}

int digit(std::uint8_t letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

}  // namespace

// A TIFF header and a directory of entries, 12 bytes each.
std::optional<Orientation> exif_orientation(Bytes exif) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  constexpr std::uint64_t kOrientationTag = 0x0112;
  if (exif.holds(kPrefix, 0)) exif = exif.from(kPrefix.size());
  const bool little = exif.holds("II", 0);
  if (!little && !exif.holds("MM", 0)) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t count) {
    return little ? exif.little_endian(at, count) : exif.big_endian(at, count);
  };
  const std::size_t directory = number(4, 4);
  const std::uint64_t entries = number(directory, 2);
  for (std::size_t i = 0; i < entries && directory + 14 + 12 * i <= exif.size(); ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    const std::size_t size = integer_size(number(entry + 2, 2));
    if (number(entry, 2) == kOrientationTag && size > 0) return from_number(number(entry + 8, size));
  }
  return std::nullopt;
}

std::optional<Orientation> raw_profile_orientation(Bytes profile) {
  std::size_t at = 0;
  for (int line = 0; line < 3; ++line) {
    const std::size_t end = profile.find("\n", at);
    if (end == Bytes::kNowhere) return std::nullopt;
    at = end + 1;
  }
  std::vector<std::uint8_t> exif;
  int high = -1;
  for (; at < profile.size(); ++at) {
    const int value = digit(profile.byte(at));
    if (value < 0) continue;
    if (high >= 0) exif.push_back(static_cast<std::uint8_t>(high << 4 | value));
    high = high >= 0 ? -1 : value;
  }
  return exif_orientation(Bytes(exif));
}

std::optional<Orientation> xmp_orientation(Bytes xmp) {
  constexpr std::string_view kName = "tiff:Orientation";
  for (std::size_t at = xmp.find(kName); at != Bytes::kNowhere; at = xmp.find(kName, at)) {
    at += kName.size();
    const std::size_t value = xmp.holds("=\"", at) ? at + 2 : xmp.holds(">", at) ? at + 1 : at;
    const int number = digit(xmp.byte(value));
    if (value > at && number >= 0 && number <= 9) return from_number(static_cast<std::uint64_t>(number));
  }
  return std::nullopt;
}

}  // namespace pipit::image
