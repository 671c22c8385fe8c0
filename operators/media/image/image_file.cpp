#include "media/image/image_file.h"

#include <algorithm>
#include <utility>

namespace pipit::image {
namespace {

/// The images and videos in boxes of ISO/IEC 14496-12, by their brands.
std::string_view kind_by_brands(const Bytes& file) {
  constexpr std::string_view kHeic[] = {"heic", "heix", "heim", "heis", "hevc", "hevx"};
  const std::size_t end = std::min<std::size_t>(file.big_endian(0, 4), 256);
  for (std::size_t at = 8; at + 4 <= end; at += 4) {
    if (file.holds("avif", at) || file.holds("avis", at)) return "an AVIF image";
    if (std::ranges::any_of(kHeic, [&](std::string_view brand) { return file.holds(brand, at); }))
      return "a HEIC image";
  }
  return file.holds("mif1", 8) ? "a HEIF image" : "an MP4 video";
}

bool is_svg(const Bytes& file) {
  const Bytes head = file.from(0, 1024);
  return head.holds("<svg", 0) || (head.holds("<?xml", 0) && head.find("<svg") != Bytes::kNowhere);
}

}  // namespace

std::optional<ImageFile> ImageFile::parse(std::span<const std::uint8_t> bytes) {
  const Bytes file(bytes);
  if (file.holds("\xFF\xD8\xFF", 0)) return parse_jpeg(file);
  if (file.holds("\x89PNG\r\n\x1A\n", 0)) return parse_png(file);
  if (file.holds("RIFF", 0) && file.holds("WEBP", 8)) return parse_webp(file);
  if (file.holds("BM", 0)) return parse_bmp(file);
  return std::nullopt;
}

std::string_view other_kind(std::span<const std::uint8_t> bytes) {
  using std::string_view_literals::operator""sv;
  constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {"GIF87a"sv, "a GIF image"},
      {"GIF89a"sv, "a GIF image"},
      {"II*\0"sv, "a TIFF image"},
      {"MM\0*"sv, "a TIFF image"},
      {"II+\0"sv, "a TIFF image"},
      {"MM\0+"sv, "a TIFF image"},
      {"\xFF\x0A"sv, "a JPEG XL image"},
      {"\0\0\0\x0CJXL \r\n\x87\n"sv, "a JPEG XL image"},
      {"\0\0\0\x0CjP  \r\n\x87\n"sv, "a JPEG 2000 image"},
      {"\xFF\x4F\xFF\x51"sv, "a JPEG 2000 image"},
      {"8BPS"sv, "a Photoshop file"},
      {"%PDF-"sv, "a PDF file"},
      {"\0\0\1\0"sv, "an icon file"},
      {"\x76\x2F\x31\x01"sv, "an OpenEXR image"},
      {"<!DOCTYPE html"sv, "an HTML page"},
      {"<!doctype html"sv, "an HTML page"},
      {"<html"sv, "an HTML page"},
      {"\x1A\x45\xDF\xA3"sv, "a Matroska video"},
  };
  const Bytes file(bytes);
  for (const auto& [beginning, name] : kKinds) {
    if (file.holds(beginning, 0)) return name;
  }
  if (file.holds("ftyp", 4)) return kind_by_brands(file);
  if (is_svg(file)) return "an SVG drawing";
  return "";
}

}  // namespace pipit::image
