// Some frames of a video, decoded without the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/video/packet_table.h"
#include "media/video/reader.h"

namespace pipit::video {

/// A frame that was chosen by what its packet tells.
struct Choice {
  std::size_t packet = 0;
  std::int64_t index = 0;  // among the frames of the window
  std::int64_t copies = 1;
  bool in_place_of_missing = false;  // the last one, where the frames end before all samples are taken
};

/// Gives the frames of choices, which are in presentation order; one frame may be chosen several times in a row. It
/// throws NotAsListed, besides what Reader throws.
class ChosenFrames {
 public:
  /// The reader must outlive it.
  ChosenFrames(Reader& reader, PacketTable table, PictureGroups groups, std::vector<Choice> choices);

  /// The next choice, its frame moved to `frame`, which is not touched between calls; null at the end.
  const Choice* next(AVFrame& frame);
  /// Of the whole stream.
  std::int64_t frames() const { return frames_; }

 private:
  /// Spans that begin where decoding can start.
  void find_spans(PictureGroups& groups);
  void decode(std::size_t packet, AVFrame& frame);

  Reader& reader_;
  const PacketTable table_;
  const std::int64_t frames_;
  std::vector<Choice> choices_;
  std::vector<Span> spans_;
  std::size_t next_choice_ = 0;
  std::size_t next_span_ = 0;
  std::optional<std::size_t> held_;  // the packet of the caller's frame
};

}  // namespace pipit::video
