#include "image_decoder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstring>

#include "chroma.h"
#include "image_file.h"
#include "pipit/error.h"
#include "video_decode/ffmpeg/local_file.h"
#include "video_decode/ffmpeg/log.h"

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

/// The whole file, as a codec wants it: with room to read over its end.
video::PacketPtr read(const std::string& path, std::int64_t max_bytes) {
  const video::LocalFile file(path, "image");
  if (file.size() > max_bytes) {
    throw Error("limit_exceeded",
                fmt::format("image '{}' has {} bytes, more than max_bytes = {}", path, file.size(), max_bytes));
  }
  video::PacketPtr packet(allocated(av_packet_alloc()));
  if (av_new_packet(packet.get(), static_cast<int>(file.size())) < 0) throw std::bad_alloc();
  for (std::int64_t at = 0; at < file.size();) {
    const ssize_t n = ::pread(file.descriptor(), packet->data + at, static_cast<std::size_t>(file.size() - at), at);
    if (n < 0) throw Error("invalid_media", fmt::format("image '{}' cannot be read: {}", path, std::strerror(errno)));
    if (n == 0) {
      throw Error("invalid_media", fmt::format("image '{}' became shorter while it was read", path));
    }
    at += n;
  }
  return packet;
}

}  // namespace

Image::Image(const std::string& path, const ImageOptions& options,
             const std::function<void(const std::string&)>& warn) {
  const video::PacketPtr packet = read(path, options.max_bytes);
  const auto file = ImageFile::parse({packet->data, static_cast<std::size_t>(packet->size)});
  if (!file) {
    throw Error("invalid_media", fmt::format("image '{}' is no JPEG, PNG, WebP or BMP", path));
  }
  if (options.auto_rotate) orientation_ = file->orientation;

  video::Log log;
  const video::Log::Scope scope(log);
  const AVCodec* codec = avcodec_find_decoder(codec_of(file->kind));
  if (codec == nullptr) {
    throw Error("unavailable", fmt::format("image '{}' needs a decoder that this FFmpeg was built without", path));
  }
  video::CodecPtr context(allocated(avcodec_alloc_context3(codec)));
  context->opaque = &log;
  context->thread_count = 1;
  context->max_pixels = options.max_pixels;
  context->err_recognition = AV_EF_CRCCHECK | (options.fail_on_corrupt ? AV_EF_EXPLODE : 0);
  frame_.reset(allocated(av_frame_alloc()));
  int status = avcodec_open2(context.get(), codec, nullptr);
  if (status >= 0) status = avcodec_send_packet(context.get(), packet.get());
  if (status >= 0) avcodec_send_packet(context.get(), nullptr);
  if (status >= 0) status = avcodec_receive_frame(context.get(), frame_.get());

  const std::string line = log.complaint();
  if (line.find("max pixel count") != std::string::npos) {
    throw Error("limit_exceeded",
                fmt::format("image '{}' is beyond max_pixels = {}: {}", path, options.max_pixels, line));
  }
  const std::string complaint = !line.empty() ? line : error_text(status);
  if (status < 0 && !file->whole) {
    throw Error("invalid_media", fmt::format("image '{}' was cut: {}", path, complaint));
  }
  if (status < 0) throw Error("invalid_media", fmt::format("image '{}' cannot be decoded: {}", path, complaint));
  const bool damaged = frame_->decode_error_flags != 0 || (frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0;
  if (!file->whole || damaged) {
    const std::string message =
        fmt::format("image '{}' {}", path, file->whole ? "is damaged: " + complaint : "was cut, its end is missing");
    if (options.fail_on_corrupt) {
      throw Error("invalid_media", message + "; on_corrupt: warn takes what can be decoded");
    }
    warn(message);
  }
  if (video::FramePtr wide = with_full_chroma(*frame_)) frame_ = std::move(wide);
}

void Image::rgb(std::uint8_t* out) const {
  video::Log log;
  const video::Log::Scope scope(log);
  video::RgbConverter().convert(*frame_, orientation_, out);
}

}  // namespace pipit::image
