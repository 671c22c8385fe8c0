#include "media/video/sample_table.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace pipit::video {

namespace {

/// A box's content: [begin, end) of the file.
struct Box {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  bool holds(std::int64_t bytes) const { return end - begin >= bytes; }
};

class BoxReader {
 public:
  explicit BoxReader(int descriptor) : descriptor_(descriptor) {}

  /// 0 beyond the end of the file.
  std::uint64_t big_endian(std::int64_t at, std::size_t bytes) const {
    std::uint8_t read[8] = {};
    if (::pread(descriptor_, read, bytes, at) != static_cast<ssize_t>(bytes)) return 0;
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < bytes; ++i) n = n << 8 | read[i];
    return n;
  }

  /// The boxes of that name inside another.
  std::vector<Box> find_all(const Box& in, std::string_view name) const {
    constexpr int kMostBoxes = 10'000;
    std::vector<Box> found;
    std::int64_t at = in.begin;
    for (int boxes = 0; at + 8 <= in.end && boxes < kMostBoxes; ++boxes) {
      std::uint64_t size = big_endian(at, 4);
      std::int64_t header = 8;
      if (size == 1) {
        size = big_endian(at + 8, 8);
        header = 16;
      } else if (size == 0) {
        size = static_cast<std::uint64_t>(in.end - at);
      }
      if (size < static_cast<std::uint64_t>(header) || size > static_cast<std::uint64_t>(in.end - at)) break;
      std::uint64_t wanted = 0;
      for (const char letter : name) wanted = wanted << 8 | static_cast<std::uint8_t>(letter);
      if (big_endian(at + 4, 4) == wanted) found.push_back({at + header, at + static_cast<std::int64_t>(size)});
      at += static_cast<std::int64_t>(size);
    }
    return found;
  }
  /// The only one; nothing when there are none or several.
  std::optional<Box> find(const std::optional<Box>& in, std::string_view name) const {
    if (!in) return std::nullopt;
    const std::vector<Box> found = find_all(*in, name);
    return found.size() == 1 ? std::optional(found[0]) : std::nullopt;
  }

 private:
  int descriptor_;
};

constexpr std::int64_t kVersionAndFlags = 4;

std::optional<Box> find_track(const BoxReader& file, const Box& moov, int track) {
  std::optional<Box> found;
  for (const Box& trak : file.find_all(moov, "trak")) {
    const auto header = file.find(trak, "tkhd");
    if (!header) return std::nullopt;
    const bool long_times = file.big_endian(header->begin, 1) == 1;
    const std::uint64_t id = file.big_endian(header->begin + kVersionAndFlags + (long_times ? 16 : 8), 4);
    if (id != static_cast<std::uint64_t>(track)) continue;
    if (found) return std::nullopt;
    found = trak;
  }
  return found;
}

bool has_one_edit_at_most(const BoxReader& file, const Box& trak) {
  const std::vector<Box> lists = file.find_all(trak, "edts");
  if (lists.empty()) return true;
  const auto edits = lists.size() == 1 ? file.find(lists[0], "elst") : std::nullopt;
  if (!edits || file.big_endian(edits->begin + kVersionAndFlags, 4) != 1) return false;
  // One that begins nowhere is a pause.
  const bool long_times = file.big_endian(edits->begin, 1) == 1;
  const std::int64_t at = edits->begin + kVersionAndFlags + 4;
  return long_times ? file.big_endian(at + 8, 1) < 0x80 : file.big_endian(at + 4, 1) < 0x80;
}

}  // namespace

std::optional<std::vector<std::int32_t>> composition_offsets(int descriptor, std::int64_t size, int track,
                                                             std::size_t samples) {
  const BoxReader file(descriptor);
  const auto moov = file.find(Box{0, size}, "moov");
  if (!moov || !file.find_all(*moov, "mvex").empty()) return std::nullopt;
  const auto trak = find_track(file, *moov, track);
  const auto stbl = file.find(file.find(file.find(trak, "mdia"), "minf"), "stbl");
  const auto descriptions = file.find(stbl, "stsd");
  const auto sizes = file.find(stbl, "stsz");
  if (!descriptions || !sizes || !has_one_edit_at_most(file, *trak)) return std::nullopt;
  if (file.big_endian(descriptions->begin + kVersionAndFlags, 4) != 1) return std::nullopt;
  if (file.big_endian(sizes->begin + kVersionAndFlags + 4, 4) != samples) return std::nullopt;

  const std::vector<Box> tables = file.find_all(*stbl, "ctts");
  std::vector<std::int32_t> offsets;
  if (tables.empty()) return offsets;
  const Box table = tables[0];
  const std::uint64_t runs = file.big_endian(table.begin + kVersionAndFlags, 4);
  const std::int64_t first = table.begin + kVersionAndFlags + 4;
  if (tables.size() != 1 || runs > samples || !Box{first, table.end}.holds(static_cast<std::int64_t>(8 * runs))) {
    return std::nullopt;
  }
  std::vector<std::uint8_t> bytes(8 * runs);
  if (::pread(descriptor, bytes.data(), bytes.size(), first) != static_cast<ssize_t>(bytes.size())) return std::nullopt;
  const auto word = [&](std::size_t at) {
    return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 |
           bytes[at + 3];
  };
  offsets.reserve(samples);
  for (std::size_t run = 0; run < runs; ++run) {
    const std::size_t count = word(8 * run);
    if (count > samples - offsets.size()) return std::nullopt;
    offsets.insert(offsets.end(), count, static_cast<std::int32_t>(word(8 * run + 4)));
  }
  if (offsets.size() != samples) return std::nullopt;
  return offsets;
}

}  // namespace pipit::video
