// A host that uses FFmpeg itself and has a log callback of its own.
#include <doctest/doctest.h>
extern "C" {
#include <libavutil/log.h>
}

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include "pipit/pipeline.h"

namespace {

std::mutex mutex;
std::vector<std::string> heard;

void hear(void*, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  std::string line(256, '\0');
  const int size = std::vsnprintf(line.data(), line.size(), format, arguments);
  line.resize(static_cast<std::size_t>(std::clamp(size, 0, 255)));
  const std::scoped_lock lock(mutex);
  heard.push_back(std::move(line));
}

}  // namespace

TEST_CASE("host: its FFmpeg log callback stays when pipit decodes in the same process") {
  av_log_set_callback(hear);
  pipit::Options options;
  options.operator_path = {PIPIT_BUILD_DIR "/lib/pipit/operators"};
  pipit::Pipeline pipeline = pipit::Pipeline::parse(
      "pipit: 1\ninputs: {path: string}\nnodes:\n  - {name: decode, op: video_decode.ffmpeg, in: path, out: frame}\n"
      "outputs: [frame]\n",
      ".", options);
  const std::string clip = std::string(PIPIT_TEST_DATA) + "/cut_moov.mp4";
  const pipit::Result result = pipeline.call({{"path", clip}});
  REQUIRE(result.error);
  CHECK(result.error->code == "invalid_media");
  CHECK(result.error->message ==
        "video '" + clip + "' cannot be read as QuickTime / MOV: Invalid data found when processing input");
  REQUIRE(!heard.empty());
  CHECK(heard.back() == "moov atom not found\n");
  av_log(nullptr, AV_LOG_ERROR, "a line of the host's");
  CHECK(heard.back() == "a line of the host's");

  // Nothing decodes the sound of a clip, while it is opened either; FFmpeg says so, and the host hears it.
  heard.clear();
  const pipit::Result film = pipeline.call({{"path", std::string(PIPIT_TEST_DATA) + "/audio_longer.mp4"}});
  CHECK_FALSE(film.error);
  REQUIRE(!heard.empty());
  for (const std::string& line : heard) CHECK(line.starts_with("Codec (aac) not on whitelist '"));
}
