// WebP: RIFF's header, then chunks: type, length, data, a byte more where the length is odd (RFC 9649).
#include "media/image/image_file.h"
#include "media/image/orientation.h"

namespace pipit::image {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kHead = 8;

struct Chunk {
  std::size_t at;
  std::size_t size;

  std::size_t data() const { return at + kHead; }
  std::size_t next() const { return data() + size + size % 2; }
};

Chunk chunk(const Bytes& file, std::size_t at) {
  return {at, static_cast<std::size_t>(file.little_endian(at + 4, 4))};
}

/// The first chunk with a picture between two places.
std::optional<Chunk> find_picture(const Bytes& file, std::size_t at, std::size_t end) {
  while (at + kHead <= std::min(end, file.size())) {
    const Chunk is = chunk(file, at);
    if (file.holds("VP8 ", at) || file.holds("VP8L", at)) return is;
    at = is.next();
  }
  return std::nullopt;
}

/// A file of that one chunk. Alpha has its own chunk beside a lossy picture, and no part in RGB.
std::vector<std::uint8_t> file_of(const Bytes& file, const Chunk& picture) {
  const Bytes data = file.from(picture.data(), picture.size);
  std::vector<std::uint8_t> alone;
  alone.reserve(kHeader + kHead + data.size() + 1);
  const auto put = [&](std::string_view text) { alone.insert(alone.end(), text.begin(), text.end()); };
  const auto put_size = [&](std::size_t size) {
    for (const int shift : {0, 8, 16, 24}) alone.push_back(static_cast<std::uint8_t>(size >> shift));
  };
  put("RIFF");
  put_size(4 + kHead + data.size() + data.size() % 2);
  put("WEBP");
  put(file.text().substr(picture.at, 4));
  put_size(data.size());
  put(data.text());
  if (data.size() % 2 != 0) alone.push_back(0);
  return alone;
}

}  // namespace

ImageFile parse_webp(const Bytes& file) {
  ImageFile is{.kind = ImageKind::kWebp, .whole = false};
  FoundOrientation found;
  std::optional<Chunk> picture;
  std::optional<Canvas> canvas;
  const auto number = [&](std::size_t at) { return static_cast<int>(file.little_endian(at, 3)); };
  for (std::size_t at = kHeader; at + kHead <= file.size();) {
    const Chunk part = chunk(file, at);
    const std::size_t data = part.data();
    if (file.holds("EXIF", at)) found.exif = exif_orientation(file.from(data, part.size));
    if (file.holds("XMP ", at)) found.xmp = xmp_orientation(file.from(data, part.size));
    if (file.holds("VP8X", at)) canvas = Canvas{number(data + 4) + 1, number(data + 7) + 1, 0, 0};
    if (!picture && (file.holds("VP8 ", at) || file.holds("VP8L", at))) picture = part;
    if (!picture && file.holds("ANMF", at)) {
      constexpr std::size_t kFrameHeader = 16;
      picture = find_picture(file, data + kFrameHeader, data + part.size);
      if (picture && canvas) is.canvas = Canvas{canvas->width, canvas->height, 2 * number(data), 2 * number(data + 3)};
    }
    at = part.next();
  }
  is.orientation = found.shown();
  if (picture) {
    is.whole = picture->data() + picture->size <= file.size();
    is.picture = file_of(file, *picture);
  }
  return is;
}

}  // namespace pipit::image
