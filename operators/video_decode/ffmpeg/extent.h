// How long a media file says that it is.
#pragma once

#include <cstdint>
#include <optional>

namespace pipit::video {

/// The size that the outermost structure of an MP4/MOV, Matroska/WebM or AVI file promises; nothing for other files and
/// for those that leave it open. FFmpeg reads a file that was cut between two packets like a whole one: only this
/// tells. `descriptor` keeps its position.
std::optional<std::int64_t> promised_size(int descriptor, std::int64_t size);

}  // namespace pipit::video
