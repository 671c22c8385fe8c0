// The clips of data/ and what they hold, for the tests of this folder.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "media/video/decoder.h"

namespace pipit::video {

/// One delivered frame; a frame delivered twice is there twice.
struct Seen {
  std::int64_t index;
  double timestamp_ms;
  bool key_frame;
  int width;
  int height;
  std::string md5;

  bool operator==(const Seen&) const = default;
};

std::string data(const std::string& name);
/// data/expected.json, made by data/generate.py.
const nlohmann::json& expected();
std::string md5(const std::vector<std::uint8_t>& bytes);

std::vector<Seen> decode(const std::string& path, const DecoderOptions& options = {}, const Hooks& hooks = {});

/// The message of the pipit::Error that decoding a path gives, after its code: "not_found: …"; "" when there is none.
std::string failure(const std::string& path, const DecoderOptions& options = {}, const Hooks& hooks = {});

}  // namespace pipit::video
