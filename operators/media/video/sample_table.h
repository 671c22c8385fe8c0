// The tables of an MP4 or MOV file that say when its pictures are shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pipit::video {

/// By how many ticks each of a track's `samples` is shown later than it is decoded, but for a constant (ISO/IEC
/// 14496-12, 8.6.1.3); empty: all by the same. Nothing where that is not all: a file in fragments, a track whose
/// pictures are described in more than one way or put together by more than one edit, tables that do not fit each
/// other. `descriptor` keeps its position.
std::optional<std::vector<std::int32_t>> composition_offsets(int descriptor, std::int64_t size, int track,
                                                             std::size_t samples);

}  // namespace pipit::video
