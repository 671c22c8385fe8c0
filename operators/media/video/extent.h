// How long a media file says that it is.
#pragma once

#include <cstdint>
#include <optional>

namespace pipit::video {

/// The size that the outermost structure of an MP4/MOV, Matroska/WebM or AVI file promises; nothing for other files and
/// for those that leave it open. FFmpeg reads a file that was cut between two packets like a whole one: only this
/// tells. `descriptor` keeps its position.
///
/// Only what holds the picture counts: bytes behind the last structure (trailers of cameras and taggers) promise
/// nothing, nor does a last structure with an index or texts. `has_all_packets` says that every packet that the file's
/// own index names lies inside it: then a size that reaches further is a slip of the writer.
std::optional<std::int64_t> promised_size(int descriptor, std::int64_t size, bool has_all_packets);

}  // namespace pipit::video
