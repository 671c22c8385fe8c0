// PNG: a signature, then chunks: length, type, data, CRC.
#include <zlib.h>

#include "media/image/image_file.h"
#include "media/image/orientation.h"
#include "media/image/png_rows.h"

namespace pipit::image {
namespace {

constexpr std::size_t kSignature = 8;
constexpr std::size_t kHead = 8;
constexpr std::size_t kCrc = 4;
// The most bytes that a compressed text is unpacked to; a longer one does not hold an orientation.
constexpr std::size_t kMostText = std::size_t{4} << 20;

bool belongs_to_picture(const Bytes& file, std::size_t type) {
  for (const std::string_view name : {"IHDR", "PLTE", "tRNS", "IDAT"}) {
    if (file.holds(name, type)) return true;
  }
  return false;
}

/// Whether the CRC behind a chunk is that of its type and data.
bool has_its_sum(const Bytes& file, std::size_t type, std::size_t length) {
  const Bytes summed = file.from(type, 4 + length);
  return file.big_endian(type + 4 + length, kCrc) == ::crc32_z(0, summed.span().data(), summed.size());
}

void put(std::vector<std::uint8_t>& to, std::uint32_t number) {
  for (const int shift : {24, 16, 8, 0}) to.push_back(static_cast<std::uint8_t>(number >> shift));
}

void put_chunk(std::vector<std::uint8_t>& to, std::string_view type, const Bytes& data) {
  put(to, static_cast<std::uint32_t>(data.size()));
  const std::size_t start = to.size();
  to.insert(to.end(), type.begin(), type.end());
  to.insert(to.end(), data.span().begin(), data.span().end());
  put(to, static_cast<std::uint32_t>(::crc32_z(0, to.data() + start, to.size() - start)));
}

std::vector<std::uint8_t> inflated(const Bytes& data) {
  std::vector<std::uint8_t> text;
  z_stream stream{};
  if (::inflateInit(&stream) != Z_OK) return text;
  stream.next_in = const_cast<Bytef*>(data.span().data());
  stream.avail_in = static_cast<uInt>(data.size());
  int status = Z_OK;
  while (status == Z_OK && text.size() < kMostText) {
    const std::size_t before = text.size();
    text.resize(before + 65536);
    stream.next_out = text.data() + before;
    stream.avail_out = 65536;
    status = ::inflate(&stream, Z_NO_FLUSH);
    text.resize(text.size() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  return text;
}

/// tEXt: key, 0, text. zTXt: key, 0, method, compressed. iTXt: key, 0, compressed or not, method, language, 0,
/// translated key, 0, text.
void read_text(const Bytes& file, std::size_t type, const Bytes& data, FoundOrientation& found) {
  constexpr std::string_view kNul("\0", 1);
  const std::size_t key = data.find(kNul);
  if (key == Bytes::kNowhere) return;
  const bool profile = data.text().substr(0, key) == "Raw profile type exif";
  const bool xmp = data.text().substr(0, key) == "XML:com.adobe.xmp";
  if (!profile && !xmp) return;
  bool compressed = file.holds("zTXt", type);
  std::size_t at = key + (compressed ? 2 : 1);
  if (file.holds("iTXt", type)) {
    compressed = data.byte(at) == 1;
    for (int skipped = 0; skipped < 2; ++skipped) {
      at = data.find(kNul, at + (skipped == 0 ? 2 : 0));
      if (at == Bytes::kNowhere) return;
      ++at;
    }
  }
  const std::vector<std::uint8_t> text = compressed ? inflated(data.from(at)) : std::vector<std::uint8_t>();
  const Bytes content = compressed ? Bytes(text) : data.from(at);
  if (profile && !found.exif) found.exif = raw_profile_orientation(content);
  if (xmp) found.xmp = xmp_orientation(content);
}

}  // namespace

ImageFile parse_png(const Bytes& file) {
  ImageFile is{.kind = ImageKind::kPng};
  // FFmpeg refuses a picture for what lies beside it: a profile that cannot be unpacked, a chunk out of its place.
  std::vector<std::uint8_t> picture(file.span().begin(), file.span().begin() + kSignature);
  picture.reserve(file.size() + kHead + kCrc);
  PngRows rows;
  std::optional<video::Orientation> exif;
  FoundOrientation texts;
  for (std::size_t at = kSignature; at + kHead <= file.size();) {
    const std::size_t length = file.big_endian(at, 4);
    const std::size_t type = at + 4;
    const Bytes data = file.from(at + kHead, length);
    const std::size_t end = at + kHead + length + kCrc;
    if (file.holds("IEND", type)) break;
    if (file.holds("IHDR", type)) rows.head(data);
    if (file.holds("IDAT", type)) rows.add(data);
    if (belongs_to_picture(file, type)) {
      if (end <= file.size()) {
        is.damaged = is.damaged || !has_its_sum(file, type, length);
        picture.insert(picture.end(), file.span().begin() + static_cast<std::ptrdiff_t>(at),
                       file.span().begin() + static_cast<std::ptrdiff_t>(end));
      } else {
        put_chunk(picture, file.text().substr(type, 4), data);
      }
    } else if (file.holds("eXIf", type)) {
      exif = exif_orientation(data);
    } else if (file.holds("tEXt", type) || file.holds("zTXt", type) || file.holds("iTXt", type)) {
      read_text(file, type, data, texts);
    }
    at = end;
  }
  is.whole = rows.complete();
  is.orientation = exif.value_or(texts.shown());
  put_chunk(picture, "IEND", Bytes({}));
  is.picture = std::move(picture);
  return is;
}

}  // namespace pipit::image
