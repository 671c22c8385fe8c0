#include "media/video/accepted_formats.h"

#include <algorithm>
#include <utility>

#include "media/ffmpeg.h"

namespace pipit::video {
namespace {

std::vector<std::string> chosen_or(std::vector<std::string> chosen, std::initializer_list<std::string_view> all) {
  return chosen.empty() ? std::vector<std::string>(all.begin(), all.end()) : std::move(chosen);
}

}  // namespace

AcceptedFormats::AcceptedFormats(std::vector<std::string> containers, std::vector<std::string> codecs)
    : containers_(chosen_or(std::move(containers), kContainers)), codecs_(chosen_or(std::move(codecs), kCodecs)) {
  void* at = nullptr;
  while (const AVCodec* codec = av_codec_iterate(&at)) {
    if (av_codec_is_decoder(codec) == 0 || (codec->capabilities & AV_CODEC_CAP_HARDWARE) != 0) continue;
    if (std::ranges::find(codecs_, avcodec_get_name(codec->id)) == codecs_.end()) continue;
    decoders_.append(decoders_.empty() ? "" : ",").append(codec->name);
  }
}

}  // namespace pipit::video
