#include "media/image/image_decoder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "media/image/chroma.h"
#include "media/local_file.h"
#include "media/log.h"
#include "pipit/error.h"

namespace pipit::image {
namespace {

using video::allocated;
using video::error_text;

AVCodecID codec_of(ImageKind kind) {
  switch (kind) {
    case ImageKind::kJpeg:
      return AV_CODEC_ID_MJPEG;
    case ImageKind::kPng:
      return AV_CODEC_ID_PNG;
    case ImageKind::kWebp:
      return AV_CODEC_ID_WEBP;
    case ImageKind::kBmp:
      break;
  }
  return AV_CODEC_ID_BMP;
}

std::vector<std::uint8_t> read(const std::string& path, std::int64_t max_bytes) {
  const video::LocalFile file(path, "image");
  if (file.size() > max_bytes) {
    throw Error("limit_exceeded",
                fmt::format("image '{}' has {} bytes, more than max_bytes = {}", path, file.size(), max_bytes));
  }
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(file.size()));
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::pread(file.descriptor(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (n < 0) throw Error("invalid_media", fmt::format("image '{}' cannot be read: {}", path, std::strerror(errno)));
    if (n == 0) {
      throw Error("invalid_media", fmt::format("image '{}' became shorter while it was read", path));
    }
    at += static_cast<std::size_t>(n);
  }
  return bytes;
}

ImageFile parse(const std::string& path, const std::vector<std::uint8_t>& bytes) {
  std::optional<ImageFile> file = ImageFile::parse(bytes);
  if (file) return std::move(*file);
  const std::string_view other = other_kind(bytes);
  if (other.ends_with("video")) {
    throw Error("invalid_media",
                fmt::format("image '{}' is {}, expected JPEG, PNG, WebP or BMP; video_decode.ffmpeg reads videos", path,
                            other));
  }
  if (!other.empty()) {
    throw Error("invalid_media",
                fmt::format("image '{}' is {}, expected JPEG, PNG, WebP or BMP; convert it first", path, other));
  }
  throw Error("invalid_media", fmt::format("image '{}' is not a JPEG, PNG, WebP or BMP", path));
}

/// With room to read over its end, as a codec wants it.
video::PacketPtr packet_of(std::span<const std::uint8_t> bytes) {
  video::PacketPtr packet(allocated(av_packet_alloc()));
  if (bytes.size() > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE ||
      av_new_packet(packet.get(), static_cast<int>(bytes.size())) < 0) {
    throw std::bad_alloc();
  }
  std::copy(bytes.begin(), bytes.end(), packet->data);
  return packet;
}

struct Size {
  int width = 0;
  int height = 0;
};

/// Called when a codec knows the size of a picture, before it takes memory for it; ends the decoding.
int tell_size(AVCodecContext* context, AVFrame* frame, int) {
  *static_cast<Size*>(context->opaque) = {frame->width, frame->height};
  return AVERROR(EINVAL);
}

/// As far as a codec finds out; zeros: it does not.
Size size_of(const AVCodec* codec, const AVPacket& packet) {
  Size size;
  video::Log log;
  const video::Log::Scope scope(log);
  video::CodecPtr context(allocated(avcodec_alloc_context3(codec)));
  context->opaque = &size;
  context->get_buffer2 = tell_size;
  context->thread_count = 1;
  video::FramePtr frame(allocated(av_frame_alloc()));
  if (avcodec_open2(context.get(), codec, nullptr) >= 0 && avcodec_send_packet(context.get(), &packet) >= 0) {
    avcodec_receive_frame(context.get(), frame.get());
  }
  return size;
}

struct Decoded {
  video::FramePtr frame;  // null: none
  std::string complaint;  // FFmpeg's; empty: none
  bool damaged = false;
};

Decoded decode(const ImageFile& file, const AVCodec* codec, const AVPacket& packet, std::int64_t max_pixels,
               bool fail_on_corrupt) {
  video::Log log;
  const video::Log::Scope scope(log);
  video::CodecPtr context(allocated(avcodec_alloc_context3(codec)));
  context->opaque = &log;
  context->thread_count = 1;
  context->max_pixels = max_pixels;
  context->err_recognition = AV_EF_CRCCHECK | (fail_on_corrupt ? AV_EF_EXPLODE : 0);
  video::FramePtr frame(allocated(av_frame_alloc()));
  int status = avcodec_open2(context.get(), codec, nullptr);
  if (status >= 0) status = avcodec_send_packet(context.get(), &packet);
  if (status >= 0) avcodec_send_packet(context.get(), nullptr);
  if (status >= 0) status = avcodec_receive_frame(context.get(), frame.get());
  if (status == AVERROR(ENOMEM)) throw std::bad_alloc();
  Decoded is{nullptr, log.complaint(), false};
  if (status < 0 && is.complaint.empty()) is.complaint = error_text(status);
  if (status < 0 || !video::has_pixels(*frame)) return is;
  // FFmpeg's word for Adam7: a still picture has no fields.
  frame->interlaced_frame = 0;
  // A comment of cameras ("CS=ITU601") has FFmpeg take another range, in which no JPEG viewer shows the picture.
  if (file.kind == ImageKind::kJpeg) frame->color_range = AVCOL_RANGE_JPEG;
  const bool marked = frame->decode_error_flags != 0 || (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0;
  const bool missed = file.kind == ImageKind::kPng && !is.complaint.empty();
  is.damaged = marked || missed || file.damaged || !file.whole;
  is.frame = std::move(frame);
  return is;
}

}  // namespace

Image::Image(const std::string& path, const ImageOptions& options,
             const std::function<void(const std::string&)>& warn) {
  const std::vector<std::uint8_t> bytes = read(path, options.max_bytes);
  const ImageFile file = parse(path, bytes);
  if (options.auto_rotate) orientation_ = file.orientation;

  const AVCodec* codec = avcodec_find_decoder(codec_of(file.kind));
  if (codec == nullptr) {
    throw Error("unavailable", fmt::format("image '{}' needs a decoder that this FFmpeg was built without", path));
  }
  const video::PacketPtr packet = packet_of(file.picture ? std::span<const std::uint8_t>(*file.picture) : bytes);
  Decoded decoded = decode(file, codec, *packet, options.max_pixels, options.fail_on_corrupt);
  if (!decoded.frame) {
    const Size size = size_of(codec, *packet);
    if (std::int64_t{size.width} * size.height > options.max_pixels) {
      throw Error("limit_exceeded", fmt::format("image '{}' is {}x{}, more than max_pixels = {}", path, size.width,
                                                size.height, options.max_pixels));
    }
  }
  const bool cut = !file.whole;
  const std::string damaged = decoded.complaint.empty() ? "is damaged" : "is damaged: " + decoded.complaint;
  if (!decoded.frame || (decoded.damaged && options.fail_on_corrupt)) {
    const bool helps =
        options.fail_on_corrupt && (decoded.frame || decode(file, codec, *packet, options.max_pixels, false).frame);
    const std::string fault = decoded.frame && cut ? "was cut, its end is missing"
                              : cut                ? "was cut: " + decoded.complaint
                              : decoded.frame      ? damaged
                                                   : "cannot be decoded: " + decoded.complaint;
    throw Error("invalid_media", fmt::format("image '{}' {}{}", path, fault,
                                             helps ? "; on_corrupt: warn takes what can be decoded" : ""));
  }
  if (decoded.damaged) {
    warn(fmt::format("image '{}' {}", path, cut ? "was cut, its end is missing" : damaged));
  }
  frame_ = std::move(decoded.frame);
  if (video::FramePtr wide = with_full_chroma(*frame_)) frame_ = std::move(wide);
  if (!file.canvas) return;
  if (std::int64_t{file.canvas->width} * file.canvas->height > options.max_pixels) {
    throw Error("limit_exceeded", fmt::format("image '{}' is beyond max_pixels = {}: its canvas is {}x{}", path,
                                              options.max_pixels, file.canvas->width, file.canvas->height));
  }
  if (file.canvas->x + frame_->width > file.canvas->width || file.canvas->y + frame_->height > file.canvas->height) {
    throw Error("invalid_media",
                fmt::format("image '{}' cannot be decoded: its first picture reaches beyond its canvas", path));
  }
  place_on(*file.canvas);
}

void Image::place_on(const Canvas& canvas) {
  if (canvas.width == frame_->width && canvas.height == frame_->height) return;
  video::Log log;
  const video::Log::Scope scope(log);
  const auto picture = video::RgbConverter::size(*frame_, {});
  std::vector<std::uint8_t> pixels(picture.bytes());
  video::RgbConverter().convert(*frame_, {}, pixels.data());

  video::FramePtr whole(allocated(av_frame_alloc()));
  whole->width = canvas.width;
  whole->height = canvas.height;
  whole->format = AV_PIX_FMT_RGB24;
  if (av_frame_get_buffer(whole.get(), 0) < 0) throw std::bad_alloc();
  const std::size_t row = std::size_t{3} * static_cast<std::size_t>(picture.width);
  for (int y = 0; y < canvas.height; ++y) {
    std::uint8_t* line = whole->data[0] + std::ptrdiff_t{y} * whole->linesize[0];
    std::memset(line, 0, std::size_t{3} * static_cast<std::size_t>(canvas.width));
    if (y < canvas.y || y >= canvas.y + picture.height) continue;
    std::memcpy(line + std::ptrdiff_t{3} * canvas.x, pixels.data() + row * static_cast<std::size_t>(y - canvas.y), row);
  }
  frame_ = std::move(whole);
}

void Image::rgb(std::uint8_t* out) const {
  video::Log log;
  const video::Log::Scope scope(log);
  video::RgbConverter().convert(*frame_, orientation_, out);
}

}  // namespace pipit::image
