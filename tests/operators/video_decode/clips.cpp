#include "clips.h"

#include <fstream>

extern "C" {
#include <libavutil/md5.h>
}

#include "pipit/error.h"

namespace pipit::video {

std::string data(const std::string& name) {
  return PIPIT_TEST_DATA "/" + name;
}

const nlohmann::json& expected() {
  static const nlohmann::json all = nlohmann::json::parse(std::ifstream(data("expected.json")));
  return all;
}

std::string md5(const std::vector<std::uint8_t>& bytes) {
  std::uint8_t sum[16];
  av_md5_sum(sum, bytes.data(), bytes.size());
  std::string text;
  for (const std::uint8_t byte : sum) {
    for (const int nibble : {byte >> 4, byte & 15}) text += "0123456789abcdef"[nibble];
  }
  return text;
}

std::vector<Seen> decode(const std::string& path, const DecoderOptions& options, const Hooks& hooks) {
  Decoder decoder(path, options, hooks);
  std::vector<Seen> frames;
  while (const Shot* shot = decoder.next()) {
    std::vector<std::uint8_t> pixels(shot->size.bytes());
    decoder.rgb(pixels.data());
    const Seen seen{shot->index, shot->timestamp_ms, shot->key_frame, shot->size.width, shot->size.height, md5(pixels)};
    frames.insert(frames.end(), static_cast<std::size_t>(shot->copies), seen);
  }
  return frames;
}

std::string failure(const std::string& path, const DecoderOptions& options, const Hooks& hooks) {
  try {
    decode(path, options, hooks);
  } catch (const Error& e) {
    return e.code() + ": " + e.what();
  }
  return "";
}

}  // namespace pipit::video
