#include "media/video/extent.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>
#include <span>
#include <string_view>
#include <vector>

namespace pipit::video {

namespace {

/// The beginning of a structure; zeros beyond the end of the file.
class Bytes {
 public:
  static constexpr std::size_t kSize = 16;

  explicit Bytes(std::span<const std::uint8_t> bytes) {
    std::copy_n(bytes.begin(), std::min(bytes.size(), kSize), bytes_);
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
  std::uint8_t bytes_[kSize] = {};
};

/// Reads a few bytes here and there: as many at a time as the structures are apart, so that a million tiny ones cost no
/// million reads, nor large ones more than their beginnings.
class Structures {
 public:
  explicit Structures(int descriptor) : descriptor_(descriptor) {}

  Bytes at(std::int64_t offset) {
    if (offset < start_ || offset + std::int64_t{Bytes::kSize} > start_ + std::ssize(bytes_)) read(offset);
    return Bytes(std::span(bytes_).subspan(static_cast<std::size_t>(offset - start_)));
  }

 private:
  void read(std::int64_t offset) {
    constexpr std::size_t kAhead = std::size_t{64} << 10;
    const bool near = offset >= start_ && offset - start_ <= std::int64_t{kAhead} / 16;
    bytes_.resize(near ? kAhead : Bytes::kSize);
    const ssize_t got = ::pread(descriptor_, bytes_.data(), bytes_.size(), offset);
    const auto end = bytes_.begin() + std::max<ssize_t>(got, 0);
    std::fill(end, bytes_.end(), std::uint8_t{0});
    start_ = offset;
  }

  const int descriptor_;
  std::int64_t start_ = 0;
  std::vector<std::uint8_t> bytes_;
};

constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
// Structures side by side that are looked at; a file of nothing but tiny ones would take for ever.
constexpr int kMostStructures = 1 << 20;

// The boxes of a file's outermost level. Anything else there is no box but what somebody put behind the last one.
constexpr std::string_view kBoxes[] = {"ftyp", "moov", "mdat", "moof", "mfra", "sidx", "ssix", "styp", "emsg", "prft",
                                       "free", "skip", "wide", "pnot", "udta", "uuid", "meta", "meco", "pdin"};

// Boxes, one after the other, each with its size.
std::optional<std::int64_t> promised_by_boxes(Structures& file, std::int64_t size, bool has_all_packets) {
  constexpr std::int64_t kHeader = 8;
  bool fragments = false;
  std::int64_t at = 0;
  for (int boxes = 0; at < size; ++boxes) {
    const Bytes head = file.at(at);
    const auto there = static_cast<std::size_t>(std::min(size - at, kHeader));
    const std::size_t letters = there < 4 ? 0 : there - 4;
    const auto* type =
        std::ranges::find_if(kBoxes, [&](std::string_view name) { return head.holds(name.substr(0, letters), 4); });
    if (type == std::end(kBoxes)) return at;
    // The beginning of another fragment's header, or a byte or two of anything.
    if (letters < 4) return fragments && head.big_endian(0, 1) == 0 ? at + kHeader : at;
    std::uint64_t box = head.big_endian(0, 4);
    if (box == 0 || boxes == kMostStructures) return std::nullopt;  // to the end of the file
    if (box == 1) box = head.big_endian(8, 8);
    if (box < kHeader || box > kMost) return std::nullopt;
    const std::int64_t end = at + static_cast<std::int64_t>(box);
    if (end > size) {
      // The index of a fragment comes before its packets; behind them more fragments may have been.
      const bool complete = has_all_packets && (!fragments || *type == "mdat");
      return complete || *type == "mfra" ? at : end;
    }
    fragments = fragments || *type == "moof";
    at = end;
  }
  return at;
}

// An element's id and size, both numbers whose leading zero bits tell their length.
struct Element {
  std::uint64_t id;
  std::int64_t content;             // where it begins
  std::optional<std::int64_t> end;  // nothing: left open

  static std::optional<Element> read(Structures& file, std::int64_t at) {
    const Bytes head = file.at(at);
    const auto length_at = [&](std::size_t byte) {
      return static_cast<std::size_t>(std::countl_zero(static_cast<std::uint8_t>(head.big_endian(byte, 1)))) + 1;
    };
    const std::size_t id = length_at(0);
    if (id > 4) return std::nullopt;
    const std::size_t length = length_at(id);
    if (length > 8) return std::nullopt;
    const std::uint64_t mask = (std::uint64_t{1} << (7 * length)) - 1;
    const std::uint64_t payload = head.big_endian(id, length) & mask;
    Element is{head.big_endian(0, id), at + static_cast<std::int64_t>(id + length), std::nullopt};
    if (payload != mask && payload <= kMost) is.end = is.content + static_cast<std::int64_t>(payload);
    return is;
  }
};

// A header and a segment; in the segment clusters, which hold the packets, among other elements.
std::optional<std::int64_t> promised_by_segment(Structures& file, std::int64_t size) {
  constexpr std::uint64_t kCluster = 0x1F43B675;
  constexpr std::int64_t kLeastCluster = 16;  // with one packet in it
  const auto header = Element::read(file, 0);
  if (!header || !header->end) return std::nullopt;
  const auto segment = Element::read(file, *header->end);
  if (!segment || !segment->end || *segment->end <= size) return segment ? segment->end : std::nullopt;
  std::int64_t at = segment->content;
  for (int elements = 0; at < size && elements < kMostStructures; ++elements) {
    const auto element = Element::read(file, at);
    if (!element || !element->end) return segment->end;
    // Cut inside: behind an index or texts that were the last no packets can have been.
    if (*element->end > size && (element->id == kCluster || *element->end < *segment->end)) return segment->end;
    at = std::min(*element->end, size);
    if (*element->end > size) return at;
  }
  return *segment->end - at < kLeastCluster ? at : segment->end;
}

}  // namespace

std::optional<std::int64_t> promised_size(int descriptor, std::int64_t size, bool has_all_packets) {
  Structures file(descriptor);
  const Bytes head = file.at(0);
  if (head.big_endian(0, 4) == 0x1A45DFA3) return promised_by_segment(file, size);
  if (head.holds("RIFF", 0) && head.holds("AVI ", 8)) {
    return has_all_packets ? size : static_cast<std::int64_t>(head.little_endian_32(4)) + 8;
  }
  if (head.holds("ftyp", 4)) return promised_by_boxes(file, size, has_all_packets);
  return std::nullopt;
}

}  // namespace pipit::video
