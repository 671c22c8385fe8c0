// The packets of one video stream as its container tells of them: what is shown when, and where decoding can start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media/ffmpeg.h"
#include "media/sampling.h"

namespace pipit::video {

struct PacketTable {
  struct Packet {
    std::int64_t ticks = 0;  // when its picture is shown, or decoded where that is not told
    std::int64_t position = -1;
    std::int32_t size = 0;
    std::int32_t duration = 0;  // ticks; 0: not told
    bool timed = false;         // ticks are those of showing it
    bool shown = true;
    bool entry = false;  // decoding may start here: what the container says, and the bytes where they were read
  };

  std::vector<Packet> packets;  // in decoding order
  AVRational time_base{1, 1};
  double others_s = 0;      // of the longest other stream, from the beginning of the file
  std::string parameters;   // what its key packets tell about their groups, all the same
  bool bytes_read = false;  // not the container's index alone
  bool regular = true;      // no packet is damaged, cut out by an edit, or does without exactly one frame

  double milliseconds(const Packet& packet) const;

  /// What the packets say, whatever damage is among them.
  struct Count {
    std::int64_t frames = 0;       // of the window
    double length_s = 0;           // of the stream, from its first frame to the end of its last
    std::vector<double> times_ms;  // of these frames, in presentation order; empty where packets do not tell all
    double others_s = 0;           // as above
  };
  /// `rate` stands in for durations that are not told.
  Count count(const TimeWindow& window, double rate) const;
};

/// Packets that are decoded in one go to get some of their frames.
struct Span {
  std::size_t first = 0;
  std::size_t last = 0;
  std::vector<std::size_t> wanted;  // packets, in decoding order
};

/// The groups of pictures of a stream that can be decoded apart.
class PictureGroups {
 public:
  /// Nothing where frames would be others than those of a run from the beginning: times that are missing, doubled or
  /// jump back, a beginning without a key frame, more reordering than the decoder counts on.
  static std::optional<PictureGroups> find(const PacketTable& table, const AVCodecParameters& stream);

  /// The packets of frames, in presentation order.
  const std::vector<std::size_t>& shown() const { return shown_; }
  /// Whether a group begins with a packet.
  bool begins_with(std::size_t packet) const;
  /// Makes a group part of the one before, since decoding cannot start at its first packet.
  void join(std::size_t entry);
  /// What has to be decoded for the frames of these packets, which come in presentation order, each once.
  std::vector<Span> spans(const std::vector<std::size_t>& wanted) const;

 private:
  bool find_entries(const PacketTable& table, bool leading_pictures_need_more);

  std::vector<std::size_t> shown_;
  std::vector<std::size_t> entries_;  // packets with which groups begin
  std::vector<bool> leading_;         // by packet: shown before the first picture of its group
};

}  // namespace pipit::video
