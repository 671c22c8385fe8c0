#include "media/still/image_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "pipit/error.h"

namespace pipit::still {

namespace {

using video::allocated;

// FFmpeg's scale of quantisers, 1 to 31, from the percents that people know.
int quantiser(int quality) {
  return std::clamp(1 + (100 - quality) * 30 / 99, 1, 31);
}

int even(int side) {
  return side + side % 2;
}

/// Repeats the last row and column where a side is odd: the scaler reads whole pairs of pixels for a chroma sample.
void fill_pairs(const std::uint8_t* pixels, int width, int height, std::vector<std::uint8_t>& pairs) {
  const auto row = std::size_t{3} * static_cast<std::size_t>(width);
  const auto wide = std::size_t{3} * static_cast<std::size_t>(even(width));
  pairs.resize(wide * static_cast<std::size_t>(even(height)));
  for (int y = 0; y < even(height); ++y) {
    std::uint8_t* to = pairs.data() + static_cast<std::size_t>(y) * wide;
    std::memcpy(to, pixels + static_cast<std::size_t>(std::min(y, height - 1)) * row, row);
    std::memcpy(to + wide - 3, to + row - 3, 3);
  }
}

}  // namespace

void ImageEncoder::prepare(int width, int height) {
  if (codec_ && codec_->width == width && codec_->height == height) return;
  const bool jpeg = format_ == ImageFormat::kJpeg;
  const auto refuse = [&](const std::string& why) {
    codec_.reset();
    throw Error("invalid_input", fmt::format("an image of {} × {} pixels cannot become a {}: {}", width, height,
                                             jpeg ? "JPEG" : "PNG", why));
  };
  if (jpeg && std::max(width, height) > 65535) refuse("its sides are at most 65535 pixels");
  const AVCodec* encoder = avcodec_find_encoder(jpeg ? AV_CODEC_ID_MJPEG : AV_CODEC_ID_PNG);
  if (encoder == nullptr) refuse("this FFmpeg has no encoder for it");

  codec_.reset(allocated(avcodec_alloc_context3(encoder)));
  codec_->width = width;
  codec_->height = height;
  codec_->time_base = {1, 1};
  codec_->thread_count = 1;
  codec_->sample_aspect_ratio = {1, 1};     // without it a JPEG has no JFIF header
  codec_->flags |= AV_CODEC_FLAG_BITEXACT;  // no name of the library inside
  codec_->pix_fmt = jpeg ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_RGB24;
  if (jpeg) {
    codec_->color_range = AVCOL_RANGE_JPEG;
    codec_->colorspace = AVCOL_SPC_SMPTE170M;
    codec_->flags |= AV_CODEC_FLAG_QSCALE;
    codec_->qmin = 1;
    codec_->global_quality = quantiser(quality_) * FF_QP2LAMBDA;
  }
  if (const int status = avcodec_open2(codec_.get(), encoder, nullptr); status < 0) refuse(video::error_text(status));

  frame_.reset(allocated(av_frame_alloc()));
  frame_->width = even(width);
  frame_->height = even(height);
  frame_->format = codec_->pix_fmt;
  frame_->quality = codec_->global_quality;
  if (av_frame_get_buffer(frame_.get(), 0) < 0) throw std::bad_alloc();
  frame_->width = width;
  frame_->height = height;

  sws_.reset();
  if (!jpeg) return;
  SwsContext* sws = allocated(sws_alloc_context());
  sws_.reset(sws);
  const auto set = [&](const char* option, std::int64_t value) { av_opt_set_int(sws, option, value, 0); };
  set("srcw", even(width));
  set("srch", even(height));
  set("src_format", AV_PIX_FMT_RGB24);
  set("dstw", even(width));
  set("dsth", even(height));
  set("dst_format",
      AV_PIX_FMT_YUV420P);    // the encoder's format under its present name, which says nothing of the range
  set("dst_h_chr_pos", 128);  // JFIF: in the middle of its four pixels
  set("dst_v_chr_pos", 128);
  set("sws_flags", SWS_BILINEAR | SWS_ACCURATE_RND);
  if (const int status = sws_init_context(sws, nullptr, nullptr); status < 0) refuse(video::error_text(status));
  constexpr int kFull = 1, kUnchanged = 1 << 16;
  const int* const matrix = sws_getCoefficients(SWS_CS_ITU601);
  sws_setColorspaceDetails(sws, matrix, kFull, matrix, kFull, 0, kUnchanged, kUnchanged);
}

void ImageEncoder::fill(const std::uint8_t* pixels, int width, int height) {
  if (av_frame_make_writable(frame_.get()) < 0) throw std::bad_alloc();
  if (!sws_) {
    av_image_copy_plane(frame_->data[0], frame_->linesize[0], pixels, 3 * width, 3 * width, height);
    return;
  }
  if (width % 2 != 0 || height % 2 != 0) {
    fill_pairs(pixels, width, height, pairs_);
    pixels = pairs_.data();
  }
  const std::uint8_t* const from[4] = {pixels};
  const int strides[4] = {3 * even(width)};
  if (sws_scale(sws_.get(), from, strides, 0, even(height), frame_->data, frame_->linesize) != even(height)) {
    throw Error("invalid_input", fmt::format("an image of {} × {} pixels cannot become a JPEG", width, height));
  }
}

std::vector<std::byte> ImageEncoder::encode(const std::uint8_t* pixels, int width, int height) {
  prepare(width, height);
  fill(pixels, width, height);
  const video::PacketPtr packet(allocated(av_packet_alloc()));
  int status = avcodec_send_frame(codec_.get(), frame_.get());
  if (status >= 0) status = avcodec_receive_packet(codec_.get(), packet.get());
  if (status < 0) {
    codec_.reset();
    throw Error("invalid_input", fmt::format("an image of {} × {} pixels cannot be encoded: {}", width, height,
                                             video::error_text(status)));
  }
  const auto* data = reinterpret_cast<const std::byte*>(packet->data);
  return {data, data + packet->size};
}

}  // namespace pipit::still
