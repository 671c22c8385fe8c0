// One video stream of one local file, frame by frame: opening, demuxing, decoding, and every bound on untrusted input.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/api.h"
#include "media/ffmpeg.h"
#include "media/local_file.h"
#include "media/log.h"
#include "media/sampling.h"
#include "media/video/accepted_formats.h"
#include "media/video/access_unit.h"
#include "media/video/packet_table.h"

namespace pipit::video {

/// What a file may cost before it is given up (`limit_exceeded`).
struct Limits {
  std::int64_t max_pixels = 8192 * 4320;  // of any one frame
  std::int64_t max_packets = 5000;        // of the stream, in a row, without a frame
  std::int64_t max_streams = 100;
  std::int64_t probe_bytes = 5'000'000;  // read to find out what the file is
  double stall_s = 60;                   // without a frame
};

struct ReaderOptions {
  int stream = 0;   // among the video streams; cover pictures are none
  int threads = 1;  // of the codec
  bool fail_on_corrupt = true;
  bool key_frames_only = false;  // others are not decoded, where that leaves the key frames as they are
  AcceptedFormats accepted;
  Limits limits;
};

/// What the reader asks and tells while it works. Called from the thread that called the reader.
struct Hooks {
  std::function<bool()> stop_requested = [] { return false; };
  /// Of damage.
  std::function<void(const std::string&)> warn = [](const std::string&) {};
  /// Of frames that were asked for and are not there.
  std::function<void(const std::string&)> warn_of_few_frames = [](const std::string&) {};
  /// How many threads the codec may use for a span of packets, asked where it begins; null: those of ReaderOptions.
  std::function<int()> threads = nullptr;
};

/// What reading and decoding took.
struct Work {
  std::int64_t packets_read = 0;      // of the stream
  std::int64_t packets_withheld = 0;  // of those: read while decoding, and kept from the codec
  std::int64_t frames_decoded = 0;
  std::int64_t frames_skipped = 0;  // of the stream, where groups of pictures are decoded apart
  std::int64_t frames_converted = 0;
  std::int64_t bytes_read = 0;

  Work& operator+=(const Work& other);
};

/// Thrown where packets or frames are not what the table says, so that groups of pictures cannot be decoded apart.
struct NotAsListed {};

/// Whether a duration is that of frames that last `length_s`, but for what containers round.
inline bool agrees(double duration_s, double length_s, double rate) {
  const double slack_s = 0.02 * duration_s + 2 / rate;
  return std::fabs(duration_s - length_s) <= slack_s;
}

/// Reads frames in presentation order. Faults are pipit::Error, each with the path: `not_found`, `invalid_media`,
/// `limit_exceeded`, `cancelled`.
///
/// Only the one regular file is ever read, whatever is in it: FFmpeg gets a file descriptor's bytes and no way to open
/// anything else, its demuxers and decoders are an explicit list, and the path is never taken for a URL.
///
/// What a file with damage inside gives is decided by fail_on_corrupt: an error where the damage is met, or one warning
/// and the frames that decode. Damage means a packet or frame that FFmpeg marks as corrupt or fails on, and a file
/// shorter than it says (extent.h). A file without any frame is always an error.
///
/// One thread at a time.
class PIPIT_VIDEO_API Reader {
 public:
  Reader(std::string path, const ReaderOptions& options, const Hooks& hooks);
  ~Reader();

  /// The container's average frame rate; 0: unknown.
  double rate() const;
  /// As the container states them, or as FFmpeg measured them; nullopt where it only guessed by a bit rate.
  std::optional<double> container_duration_s() const;
  std::optional<double> stream_duration_s() const;
  /// Whether the container's list of packets, read with its head, covers that duration and no more.
  bool lists_packets_for(double duration_s) const;
  /// The display matrix of a frame of this reader, or the container's; null when there is none.
  const std::int32_t* display_matrix(const AVFrame& frame) const;

  /// Decodes the next frame; false at the end.
  bool next();
  /// Whether only key frames are decoded, as was asked for.
  bool skips() const { return codec_->skip_frame == AVDISCARD_NONKEY; }
  /// Reads on to the end of the file, or to what is shown after a time, without decoding it: so a cut behind the last
  /// frame that is wanted is met, whether or not the codec has asked for more.
  void read_on(std::optional<double> until_s);
  /// How many frames were decoded so far.
  std::int64_t frames() const { return frames_; }
  /// Moves the frame that next() decoded to `to`, which gives up what it held.
  void take(AVFrame& to);
  bool key_frame() const { return frame_->key_frame != 0; }
  /// The frame's presentation time as the file states it, like FFmpeg's and PyAV's: a stream need not begin at 0.
  double timestamp_ms() const { return timestamp_ms_; }

  /// Goes to a key frame from which the frames at and after `time_s` decode exactly as in a run from the beginning.
  /// False when there is no such frame for sure: the reader must then be made anew. Its next frame has been decoded.
  bool seek(double time_s);

  /// Reads every packet, or those of the stream up to a time and a little beyond. Uses the reader up but for begin().
  PacketTable read_packets(std::optional<double> until_s = std::nullopt);
  /// The same from the container's own tables, without reading what they list; nothing where these do not tell all.
  /// Uses the reader up likewise.
  std::optional<PacketTable> read_index();
  /// What groups of pictures the table's packets make.
  std::optional<PictureGroups> groups(const PacketTable& table) const;
  /// Goes to a span of packets: next() then gives frames of the span, those that are wanted and what they need, and
  /// false at its end. Both throw NotAsListed, for damage too. Table and span must outlive that. False when decoding
  /// cannot start at the first packet.
  bool begin(const PacketTable& table, const Span& span);

  Work work() const;
  /// The time limit starts anew: to be called after time spent elsewhere.
  void resume() { progress_ = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;

  static int read_bytes(void* self, std::uint8_t* to, int size);
  static std::int64_t seek_bytes(void* self, std::int64_t offset, int whence);

  void open_container();
  void choose_stream();
  void open_codec();
  bool can_skip() const;
  /// A codec that knows nothing of earlier packets, with as many threads as pay for the span.
  void renew_codec(const Span& span);
  int seek_to(const PacketTable::Packet& packet);
  /// Whether the packet that was read is one of the span's for the codec.
  bool is_for_span();
  PacketTable::Packet listed(const AVPacket& packet) const;
  /// Whether the packet that was read, the last of the table, is one that PacketTable::regular allows.
  bool is_regular(PacketTable& table, PacketTable::Packet& packet) const;
  /// The stream's next packet; false at the end of the file or the span.
  int next_packet();
  bool read_packet();
  /// False when the frame has no pixels.
  bool accept_frame();
  void check_size(int width, int height) const;
  void check_encryption() const;
  void check_whole();
  /// Whether all packets of the stream that the container promises are there, as far as it can be told.
  bool has_all_packets() const;
  void damaged(const std::string& what);
  bool reads(std::string_view demuxer) const;
  bool out_of_time() const;
  void check_interrupted() const;
  [[noreturn]] void fail(const char* code, const std::string& what) const;
  /// FFmpeg's complaint, or its words for a code. Throws when a limit was reached, or memory is short.
  std::string complaint(int code) const;

  const std::string path_;
  const ReaderOptions options_;
  const Hooks hooks_;
  Log log_;
  LocalFile file_;
  IoPtr io_;
  FormatPtr format_;
  AVStream* stream_ = nullptr;
  int threads_;
  CodecPtr codec_;
  PacketPtr packet_;
  FramePtr frame_;
  AccessUnitReader units_;
  const PacketTable* table_ = nullptr;  // of the span that is being decoded
  const Span* span_ = nullptr;
  std::size_t at_ = 0;           // the packet of the table that comes next
  bool packet_pending_ = false;  // read, but not given to the codec
  double timestamp_ms_ = 0;
  bool ended_ = false;  // no more packets
  bool warned_ = false;
  std::int64_t frames_ = 0;
  std::int64_t packets_ = 0;
  std::int64_t packets_without_frame_ = 0;
  std::int64_t packets_withheld_ = 0;
  std::int64_t bytes_read_ = 0;
  Clock::time_point progress_ = Clock::now();
};

}  // namespace pipit::video
