#include "extent.h"

#include <unistd.h>

#include <bit>
#include <cstring>
#include <string_view>

namespace pipit::video {

namespace {

/// Reads a few bytes here and there; zeros beyond the end.
class Bytes {
 public:
  Bytes(int descriptor, std::int64_t offset) {
    if (::pread(descriptor, bytes_, sizeof bytes_, offset) < 0) std::memset(bytes_, 0, sizeof bytes_);
  }
  bool holds(std::string_view text, std::size_t at) const {
    return std::memcmp(bytes_ + at, text.data(), text.size()) == 0;
  }
  std::uint64_t big_endian(std::size_t at, std::size_t count) const {
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < count; ++i) n = n << 8 | bytes_[at + i];
    return n;
  }
  std::uint64_t little_endian_32(std::size_t at) const {
    return bytes_[at] | bytes_[at + 1] << 8 | bytes_[at + 2] << 16 | std::uint64_t{bytes_[at + 3]} << 24;
  }

 private:
  std::uint8_t bytes_[16] = {};
};

constexpr std::uint64_t kMost = std::uint64_t{1} << 62;

// Boxes, one after the other, each with its size.
std::optional<std::int64_t> promised_by_boxes(int descriptor, std::int64_t size) {
  std::int64_t at = 0;
  while (at < size) {
    const Bytes head(descriptor, at);
    std::uint64_t box = head.big_endian(0, 4);
    if (box == 0) return std::nullopt;  // to the end of the file
    if (box == 1) box = head.big_endian(8, 8);
    if (box < 8 || box > kMost) return std::nullopt;
    at += static_cast<std::int64_t>(box);
  }
  return at;
}

// A header and a segment, each an id and a size; both are numbers whose leading zero bits tell their length.
std::optional<std::int64_t> promised_by_segment(int descriptor) {
  std::int64_t at = 0;
  for (int element = 0; element < 2; ++element) {
    const Bytes head(descriptor, at);
    const auto first = static_cast<std::uint8_t>(head.big_endian(4, 1));  // both ids have four bytes
    const auto length = static_cast<std::size_t>(std::countl_zero(first)) + 1;
    if (length > 8) return std::nullopt;
    const std::uint64_t mask = (std::uint64_t{1} << (7 * length)) - 1;
    const std::uint64_t payload = head.big_endian(4, length) & mask;
    if (payload == mask || payload > kMost) return std::nullopt;  // all ones: left open
    at += 4 + static_cast<std::int64_t>(length + payload);
  }
  return at;
}

}  // namespace

std::optional<std::int64_t> promised_size(int descriptor, std::int64_t size) {
  const Bytes head(descriptor, 0);
  if (head.big_endian(0, 4) == 0x1A45DFA3) return promised_by_segment(descriptor);
  if (head.holds("RIFF", 0) && head.holds("AVI ", 8)) return static_cast<std::int64_t>(head.little_endian_32(4)) + 8;
  if (head.holds("ftyp", 4)) return promised_by_boxes(descriptor, size);
  return std::nullopt;
}

}  // namespace pipit::video
