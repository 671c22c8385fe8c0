#include "damage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>

namespace damage {
namespace {

std::size_t below(Random& random, std::size_t n) {
  return n == 0 ? 0 : random() % n;
}

/// Cut at so many places, evenly; the first ones byte by byte.
void truncations(const std::string& whole, Random&, std::vector<Damaged>& out) {
  constexpr std::size_t kPlaces = 200;
  for (std::size_t i = 0; i < kPlaces; ++i) {
    const std::size_t at = i < 16 ? i : whole.size() * i / kPlaces;
    out.push_back({fmt::format("cut at {}", at), whole.substr(0, at)});
  }
}

/// Single bytes, half of them where formats keep their structure: at both ends.
void flips(const std::string& whole, Random& random, std::vector<Damaged>& out) {
  constexpr std::size_t kFlips = 500;
  constexpr std::size_t kEnd = 2048;
  for (std::size_t i = 0; i < kFlips; ++i) {
    std::size_t at = below(random, whole.size());
    if (i % 4 == 1) at = below(random, std::min(whole.size(), kEnd));
    if (i % 4 == 3) at = whole.size() - 1 - below(random, std::min(whole.size(), kEnd));
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1 + below(random, 255)));
    out.push_back({fmt::format("byte {} changed", at), std::move(bytes)});
  }
}

void zeroed(const std::string& whole, Random& random, std::vector<Damaged>& out) {
  for (std::size_t i = 0; i < 60; ++i) {
    const std::size_t at = below(random, whole.size());
    const std::size_t size = std::min(whole.size() - at, std::size_t{1} << below(random, 13));
    std::string bytes = whole;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), size, '\0');
    out.push_back({fmt::format("{} bytes from {} zeroed", size, at), std::move(bytes)});
  }
}

/// 1 to 64 bytes put in, or taken out.
void shifted(const std::string& whole, Random& random, std::vector<Damaged>& out) {
  for (std::size_t i = 0; i < 120; ++i) {
    const std::size_t at = below(random, whole.size());
    const std::size_t size = 1 + below(random, 64);
    std::string bytes = whole;
    if (i % 2 == 0) {
      std::string more(size, '\0');
      for (char& c : more) c = static_cast<char>(random());
      bytes.insert(at, more);
    } else {
      bytes.erase(at, size);
    }
    out.push_back({fmt::format("{} bytes {} at {}", size, i % 2 == 0 ? "put in" : "taken out", at), std::move(bytes)});
  }
}

/// Two runs of the same length change places, as packets that were written in the wrong order.
void swapped(const std::string& whole, Random& random, std::vector<Damaged>& out) {
  for (std::size_t i = 0; i < 60; ++i) {
    const std::size_t size = std::min<std::size_t>(16 + below(random, 2048), whole.size() / 2);
    const std::size_t a = below(random, whole.size() - 2 * size + 1);
    const std::size_t b = a + size + below(random, whole.size() - a - 2 * size + 1);
    std::string bytes = whole;
    std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(a),
                     bytes.begin() + static_cast<std::ptrdiff_t>(a + size),
                     bytes.begin() + static_cast<std::ptrdiff_t>(b));
    out.push_back({fmt::format("{} bytes at {} and {} swapped", size, a, b), std::move(bytes)});
  }
}

/// The parts of headers that say how large, how long and how many, by the bytes before them; how far behind these they
/// reach; and the widths of numbers in them.
struct Header {
  std::string mark;
  std::size_t reach;
  std::size_t width;
};

const std::vector<Header>& headers() {
  static const std::vector<Header> all = {
      // MP4: boxes.
      {"ftyp", 8, 4},
      {"mvhd", 100, 4},
      {"tkhd", 84, 4},
      {"mdhd", 24, 4},
      {"hdlr", 12, 4},
      {"stsd", 60, 4},
      {"avcC", 16, 1},
      {"hvcC", 24, 1},
      {"av1C", 4, 1},
      {"vpcC", 12, 1},
      {"stts", 24, 4},
      {"ctts", 24, 4},
      {"stss", 16, 4},
      {"stsc", 24, 4},
      {"stsz", 24, 4},
      {"stco", 16, 4},
      {"co64", 16, 4},
      {"elst", 24, 4},
      {"mvex", 4, 4},
      {"trex", 24, 4},
      {"tfhd", 16, 4},
      {"trun", 24, 4},
      {"sidx", 24, 4},
      {"pasp", 8, 4},
      // Matroska: identifiers of elements, whose size follows.
      {"\x1a\x45\xdf\xa3", 8, 1},
      {"\x15\x49\xa9\x66", 12, 1},
      {"\x2a\xd7\xb1", 5, 1},
      {"\x44\x89", 9, 1},
      {"\x16\x54\xae\x6b", 12, 1},
      {"\xb0\x82", 4, 1},
      {"\xba\x82", 4, 1},
      {"\x23\xe3\x83", 6, 1},
      {"\x1c\x53\xbb\x6b", 12, 1},
      {"\x1f\x43\xb6\x75", 12, 1},
      {"\xa3", 6, 1},
      {"\xe7", 4, 1},
      // AVI: chunks.
      {"avih", 60, 4},
      {"strh", 60, 4},
      {"strf", 44, 4},
      {"idx1", 20, 4},
      {"movi", 12, 4},
      // MPEG-PS and MPEG-1 video: start codes.
      {std::string("\0\0\1\xba", 4), 12, 1},
      {std::string("\0\0\1\xb3", 4), 12, 1},
      {std::string("\0\0\1\xe0", 4), 10, 1},
      // MPEG-TS.
      {"\x47", 12, 1},
      // Zip: local heads, the directory, its ends. Pickle: what follows its protocol. Safetensors: shapes and places.
      {std::string("PK\3\4"), 26, 1},
      {std::string("PK\1\2"), 42, 1},
      {std::string("PK\5\6"), 18, 1},
      {std::string("PK\6\6"), 52, 1},
      {std::string("\x80\2"), 24, 1},
      {"\"shape\":[", 6, 1},
      {"\"data_offsets\":[", 8, 1},
      // PNG: chunks. JPEG: segments. WebP and BMP: chunks and the head.
      {"IHDR", 13, 4},
      {"PLTE", 8, 1},
      {"IDAT", 8, 1},
      {"acTL", 8, 4},
      {"fcTL", 26, 4},
      {"iCCP", 12, 1},
      {"eXIf", 24, 2},
      {"\xff\xc0", 17, 1},
      {"\xff\xc2", 17, 1},
      {"\xff\xc4", 20, 1},
      {"\xff\xda", 12, 1},
      {"\xff\xdb", 8, 1},
      {"\xff\xe1", 32, 2},
      {"VP8 ", 16, 1},
      {"VP8L", 12, 1},
      {"VP8X", 14, 1},
      {"ANMF", 24, 1},
      {"ALPH", 8, 1},
      {"BM", 54, 4},
  };
  return all;
}

/// Each of these numbers set to its extremes, in both byte orders.
void lies(const std::string& whole, Random&, std::vector<Damaged>& out) {
  for (const Header& header : headers()) {
    std::size_t at = whole.find(header.mark);
    for (int found = 0; at != std::string::npos && found < 3; ++found, at = whole.find(header.mark, at + 1)) {
      const std::size_t first = at + header.mark.size();
      for (std::size_t place = first; place < first + header.reach && place + header.width <= whole.size();
           place += header.width) {
        for (const std::uint32_t extreme : {0U, 1U, 0x7fffffffU, 0x80000000U, 0xffffffffU, 100'000U}) {
          std::string bytes = whole;
          for (std::size_t i = 0; i < header.width; ++i) {
            const bool little = whole.starts_with("RIFF") || whole.starts_with("BM");
            const std::size_t shift = little ? i : header.width - 1 - i;
            const std::uint32_t number = header.width == 4 ? extreme : extreme >> (32 - 8 * header.width);
            bytes[place + i] = static_cast<char>(number >> (8 * shift));
          }
          if (bytes == whole) continue;
          out.push_back({fmt::format("{} at {}: {:#x}", header.mark, place, extreme), std::move(bytes)});
        }
      }
    }
  }
}

}  // namespace

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

const std::array<Kind, 6> kKinds = {{{"cut", truncations},
                                     {"a byte changed", flips},
                                     {"bytes zeroed", zeroed},
                                     {"bytes put in or taken out", shifted},
                                     {"parts swapped", swapped},
                                     {"headers that lie", lies}}};

}  // namespace damage
