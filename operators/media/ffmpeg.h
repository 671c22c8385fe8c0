// FFmpeg's headers and owners for its structs, in one place.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <cerrno>
#include <cstdint>
#include <memory>
#include <new>
#include <string>

namespace pipit::video {

/// Calls FFmpeg's free function, which takes the address of the pointer.
template <auto free>
struct FreeAt {
  template <class T>
  void operator()(T* p) const {
    free(&p);
  }
};

struct FreeIo {
  void operator()(AVIOContext* io) const {
    av_freep(&io->buffer);  // not the one it was made with: FFmpeg may have replaced it
    avio_context_free(&io);
  }
};

struct FreeSws {
  void operator()(SwsContext* sws) const { sws_freeContext(sws); }
};

using FormatPtr = std::unique_ptr<AVFormatContext, FreeAt<avformat_close_input>>;
using IoPtr = std::unique_ptr<AVIOContext, FreeIo>;
using CodecPtr = std::unique_ptr<AVCodecContext, FreeAt<avcodec_free_context>>;
using PacketPtr = std::unique_ptr<AVPacket, FreeAt<av_packet_free>>;
using FramePtr = std::unique_ptr<AVFrame, FreeAt<av_frame_free>>;
using DictionaryPtr = std::unique_ptr<AVDictionary, FreeAt<av_dict_free>>;
using SwsPtr = std::unique_ptr<SwsContext, FreeSws>;

/// What an allocation gave, or std::bad_alloc.
template <class T>
T* allocated(T* p) {
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

/// FFmpeg's words for one of its error codes.
inline std::string error_text(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

inline double milliseconds(std::int64_t ticks, AVRational base) {
  return static_cast<double>(ticks) * base.num * 1000.0 / base.den;
}

/// Whether a frame is a picture in memory of the CPU's: what nobody should have to ask, and damaged files break.
inline bool has_pixels(const AVFrame& frame) {
  const AVPixFmtDescriptor* layout = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  return frame.width > 0 && frame.height > 0 && frame.data[0] != nullptr && layout != nullptr &&
         (layout->flags & AV_PIX_FMT_FLAG_HWACCEL) == 0;
}

}  // namespace pipit::video
