#include "media/video/accepted_formats.h"

#include <algorithm>

#include "media/ffmpeg.h"

namespace pipit::video {
namespace {

bool accepts(const std::vector<std::string>& chosen, std::initializer_list<std::string_view> all,
             std::string_view name) {
  return chosen.empty() ? std::ranges::find(all, name) != all.end() : std::ranges::find(chosen, name) != chosen.end();
}

}  // namespace

bool AcceptedFormats::has_container(std::string_view name) const {
  return accepts(containers, kContainers, name);
}

bool AcceptedFormats::has_codec(std::string_view name) const {
  return accepts(codecs, kCodecs, name);
}

std::string AcceptedFormats::decoders() const {
  std::string names;
  void* at = nullptr;
  while (const AVCodec* codec = av_codec_iterate(&at)) {
    if (av_codec_is_decoder(codec) == 0 || !has_codec(avcodec_get_name(codec->id))) continue;
    names.append(names.empty() ? "" : ",").append(codec->name);
  }
  return names;
}

}  // namespace pipit::video
