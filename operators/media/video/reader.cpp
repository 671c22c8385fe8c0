#include "media/video/reader.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "media/video/extent.h"
#include "media/video/sample_table.h"
#include "pipit/error.h"

namespace pipit::video {

namespace {

// What may be read: containers and streams of video. No playlists, no image sequences, nothing that names other files.
// By the first of FFmpeg's names for each.
constexpr const char* kDemuxers[] = {"mov",  "matroska", "avi", "mpegts",       "mpeg", "mpegvideo",
                                     "flv",  "asf",      "ogg", "mxf",          "ivf",  "h264",
                                     "hevc", "m4v",      "obu", "yuv4mpegpipe", "dv",   "gif"};

constexpr int kIoBuffer = 1 << 16;

// A demuxer may have several names: "mov,mp4,m4a,3gp,3g2,mj2".
std::string_view first_name(const AVInputFormat& demuxer) {
  const std::string_view names = demuxer.name;
  return names.substr(0, names.find(','));
}

// A VP8 packet may hold a frame that is only referred to: bit 4 of its first byte tells. Other codecs pack such frames
// together with one that is shown.
bool is_shown(const AVPacket& packet, AVCodecID codec) {
  if ((packet.flags & AV_PKT_FLAG_DISCARD) != 0) return false;
  return codec != AV_CODEC_ID_VP8 || packet.size == 0 || (packet.data[0] & 0x10) != 0;
}

// Far enough from the ends that sums are numbers too.
constexpr std::int64_t kMostTicks = INT64_MAX / 4;

/// Whether a packet brings what changes how it or those after it are decoded.
bool has_side_data(const AVPacket& packet) {
  for (int i = 0; i < packet.side_data_elems; ++i) {
    const AVPacketSideDataType type = packet.side_data[i].type;
    if (type == AV_PKT_DATA_NEW_EXTRADATA || type == AV_PKT_DATA_PARAM_CHANGE || type == AV_PKT_DATA_SKIP_SAMPLES) {
      return true;
    }
  }
  return false;
}

double milliseconds(std::int64_t ticks, AVRational base) {
  return static_cast<double>(ticks) * base.num * 1000.0 / base.den;
}

}  // namespace

Work& Work::operator+=(const Work& other) {
  packets_read += other.packets_read;
  packets_withheld += other.packets_withheld;
  frames_decoded += other.frames_decoded;
  frames_skipped += other.frames_skipped;
  frames_converted += other.frames_converted;
  bytes_read += other.bytes_read;
  return *this;
}

Reader::Reader(std::string path, const ReaderOptions& options, const Hooks& hooks)
    : path_(std::move(path)),
      options_(options),
      hooks_(hooks),
      file_(path_, "video"),
      threads_(options.threads),
      packet_(allocated(av_packet_alloc())),
      frame_(allocated(av_frame_alloc())) {
  const Log::Scope scope(log_);
  open_container();
  choose_stream();
  units_ = AccessUnitReader(*stream_->codecpar);
  check_encryption();
  open_codec();
}

Reader::~Reader() {
  const Log::Scope scope(log_);
  codec_.reset();
  format_.reset();
}

int Reader::read_bytes(void* self, std::uint8_t* to, int size) {
  auto* reader = static_cast<Reader*>(self);
  if (reader->out_of_time() || reader->hooks_.stop_requested()) return AVERROR_EXIT;
  const ssize_t n = ::read(reader->file_.descriptor(), to, static_cast<std::size_t>(size));
  if (n < 0) return AVERROR(errno);
  reader->bytes_read_ += n;
  return n == 0 ? AVERROR_EOF : static_cast<int>(n);
}

std::int64_t Reader::seek_bytes(void* self, std::int64_t offset, int whence) {
  const auto* reader = static_cast<Reader*>(self);
  if (whence == AVSEEK_SIZE) return reader->file_.size();
  const off_t at = ::lseek(reader->file_.descriptor(), offset, whence & ~AVSEEK_FORCE);
  return at < 0 ? AVERROR(errno) : at;
}

void Reader::open_container() {
  auto* buffer = allocated(static_cast<unsigned char*>(av_malloc(kIoBuffer)));
  io_.reset(avio_alloc_context(buffer, kIoBuffer, 0, this, read_bytes, nullptr, seek_bytes));
  if (!io_) {
    av_free(buffer);
    throw std::bad_alloc();
  }

  // By content alone: a name ending in .mp4 makes no video of a text.
  const AVInputFormat* demuxer = nullptr;
  const int probed =
      av_probe_input_buffer2(io_.get(), &demuxer, "", nullptr, 0,
                             static_cast<unsigned>(std::max<std::int64_t>(options_.limits.probe_bytes, 2048)));
  check_interrupted();
  if (probed < 0 || demuxer == nullptr) fail("invalid_media", "has no video format that is known");
  if (std::find(std::begin(kDemuxers), std::end(kDemuxers), first_name(*demuxer)) == std::end(kDemuxers)) {
    const bool image = first_name(*demuxer).ends_with("_pipe");
    fail("invalid_media", fmt::format("holds '{}' ({}), expected a video file{}", demuxer->name, demuxer->long_name,
                                      image ? "; image_decode.ffmpeg reads images" : ""));
  }

  AVFormatContext* format = allocated(avformat_alloc_context());
  format->pb = io_.get();
  format->interrupt_callback = {[](void* self) {
                                  const auto* reader = static_cast<Reader*>(self);
                                  return static_cast<int>(reader->out_of_time() || reader->hooks_.stop_requested());
                                },
                                this};
  format->io_open = [](AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EPERM); };
  format->probesize = std::max<std::int64_t>(options_.limits.probe_bytes, 2048);
  format->max_streams = static_cast<int>(options_.limits.max_streams);
  int status = avformat_open_input(&format, "", demuxer, nullptr);  // frees format when it fails
  if (status >= 0) {
    format_.reset(format);
    status = avformat_find_stream_info(format, nullptr);
  }
  check_interrupted();
  if (status < 0) fail("invalid_media", fmt::format("cannot be read as {}: {}", demuxer->long_name, complaint(status)));
}

void Reader::choose_stream() {
  int videos = 0;
  std::string others;
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    AVStream* s = format_->streams[i];
    s->discard = AVDISCARD_ALL;
    if (s->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && (s->disposition & AV_DISPOSITION_ATTACHED_PIC) == 0) {
      if (videos++ == options_.stream) stream_ = s;
      continue;
    }
    const char* kind = av_get_media_type_string(s->codecpar->codec_type);
    others += fmt::format("{}{} ({})", others.empty() ? "" : ", ", kind == nullptr ? "data" : kind,
                          avcodec_get_name(s->codecpar->codec_id));
  }
  if (videos == 0) {
    fail("invalid_media", fmt::format("has no video stream, found {}", others.empty() ? "no stream at all" : others));
  }
  if (stream_ == nullptr) {
    fail("invalid_media", fmt::format("has {} video stream{}, stream {} was asked for (the first is 0)", videos,
                                      videos == 1 ? "" : "s", options_.stream));
  }
  stream_->discard = AVDISCARD_DEFAULT;
  if (stream_->time_base.num <= 0 || stream_->time_base.den <= 0) {
    fail("invalid_media", fmt::format("has a time base of {}/{}, expected a fraction of a second",
                                      stream_->time_base.num, stream_->time_base.den));
  }
}

void Reader::check_encryption() const {
  // MP4's common encryption (ISO/IEC 23001-7) and WebM's; FFmpeg has no key and would decode noise. The keys' own box
  // (pssh) does not count: it may be there for another stream.
  const bool common = stream_->codecpar->codec_tag == MKTAG('e', 'n', 'c', 'v') ||
                      av_packet_get_side_data(packet_.get(), AV_PKT_DATA_ENCRYPTION_INFO, nullptr) != nullptr;
  const bool webm = av_dict_get(stream_->metadata, "enc_key_id", nullptr, 0) != nullptr;
  if (common || webm) fail("invalid_media", "is encrypted, expected one without copy protection; decrypt it first");
}

void Reader::open_codec() {
  const AVCodecParameters& parameters = *stream_->codecpar;
  const char* name = avcodec_get_name(parameters.codec_id);
  const AVCodec* codec = avcodec_find_decoder(parameters.codec_id);
  if (codec == nullptr) fail("invalid_media", fmt::format("is encoded as '{}', for which there is no decoder", name));
  codec_.reset(allocated(avcodec_alloc_context3(codec)));
  int status = avcodec_parameters_to_context(codec_.get(), &parameters);
  if (status >= 0) {
    codec_->opaque = &log_;
    codec_->pkt_timebase = stream_->time_base;
    codec_->thread_count = threads_;
    // FFmpeg looks at sizes rounded up; the frames themselves are checked exactly.
    codec_->max_pixels = 2 * options_.limits.max_pixels + (1 << 22);
    check_size(parameters.width, parameters.height);
    if (options_.key_frames_only && can_skip()) codec_->skip_frame = AVDISCARD_NONKEY;
    status = avcodec_open2(codec_.get(), codec, nullptr);
  }
  if (status < 0) fail("invalid_media", fmt::format("cannot be decoded as {}: {}", name, complaint(status)));
}

bool Reader::can_skip() const {
  // Others either do not skip or time their key frames otherwise then; and only these containers time each packet.
  const AVCodecID codec = stream_->codecpar->codec_id;
  const bool exact = codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC || codec == AV_CODEC_ID_VP8;
  return exact && (reads("mov") || reads("matroska"));
}

double Reader::rate() const {
  const AVRational rate = stream_->avg_frame_rate;
  return rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
}

std::optional<double> Reader::container_duration_s() const {
  if (format_->duration == AV_NOPTS_VALUE || format_->duration <= 0) return std::nullopt;
  if (format_->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE) return std::nullopt;
  return static_cast<double>(format_->duration) / AV_TIME_BASE;
}

std::optional<double> Reader::stream_duration_s() const {
  if (stream_->duration == AV_NOPTS_VALUE || stream_->duration <= 0) return std::nullopt;
  if (format_->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE) return std::nullopt;
  return milliseconds(stream_->duration, stream_->time_base) / 1000;
}

bool Reader::lists_packets_for(double duration_s) const {
  const int entries = avformat_index_get_entries_count(stream_);
  const auto entry = [this](int i) { return avformat_index_get_entry(stream_, i); };
  int first = 0;
  while (first < entries && (entry(first)->flags & AVINDEX_DISCARD_FRAME) != 0) ++first;
  if (first == entries || rate() <= 0) return false;
  const auto at_ms = [&](int i) { return milliseconds(entry(i)->timestamp, stream_->time_base); };
  return agrees(duration_s, (at_ms(entries - 1) - at_ms(first)) / 1000 + 1 / rate(), rate());
}

const std::int32_t* Reader::display_matrix(const AVFrame& frame) const {
  if (const AVFrameSideData* data = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX)) {
    return reinterpret_cast<const std::int32_t*>(data->data);
  }
  return reinterpret_cast<const std::int32_t*>(av_stream_get_side_data(stream_, AV_PKT_DATA_DISPLAYMATRIX, nullptr));
}

void Reader::take(AVFrame& to) {
  av_frame_unref(&to);
  av_frame_move_ref(&to, frame_.get());
}

bool Reader::next() {
  const Log::Scope scope(log_);
  for (;;) {
    check_interrupted();
    int status = avcodec_receive_frame(codec_.get(), frame_.get());
    if (status >= 0) {
      if (accept_frame()) return true;
      continue;
    }
    if (status == AVERROR_EOF) return false;
    if (status != AVERROR(EAGAIN)) {
      damaged(complaint(status));
      continue;
    }
    if (!ended_) ended_ = !read_packet();
    status = avcodec_send_packet(codec_.get(), ended_ ? nullptr : packet_.get());
    av_packet_unref(packet_.get());
    if (status < 0 && status != AVERROR_EOF) damaged(complaint(status));
  }
}

bool Reader::read_packet() {
  if (std::exchange(packet_pending_, false)) return true;
  for (;;) {
    check_interrupted();
    if (span_ != nullptr && at_ > span_->last) return false;
    const int status = av_read_frame(format_.get(), packet_.get());
    check_interrupted();
    if (status < 0 && span_ != nullptr) throw NotAsListed{};
    if (status == AVERROR_EOF) {
      check_whole();
      return false;
    }
    if (status < 0) {
      damaged(complaint(status));
      return false;
    }
    if (packet_->stream_index != stream_->index) {
      av_packet_unref(packet_.get());
      continue;
    }
    check_encryption();
    ++packets_;
    if (span_ != nullptr && !is_for_span()) {
      av_packet_unref(packet_.get());
      continue;
    }
    if (skips() && (packet_->flags & AV_PKT_FLAG_KEY) == 0) {
      resume();
    } else if (++packets_without_frame_ > options_.limits.max_packets) {
      fail("limit_exceeded", fmt::format("gave no frame in max_packets = {} packets", options_.limits.max_packets));
    }
    // In a transport stream the mark may mean no more than a splice; what was lost, if anything, the codec finds out.
    if ((packet_->flags & AV_PKT_FLAG_CORRUPT) != 0 && !reads("mpegts")) damaged("a packet is cut short");
    return true;
  }
}

bool Reader::accept_frame() {
  if (!has_pixels(*frame_)) {
    damaged("a frame has no pixels");
    return false;
  }
  // A stream may change its size in mid-course.
  check_size(frame_->width, frame_->height);
  const std::int64_t ticks = frame_->best_effort_timestamp;
  const double rate = this->rate() > 0 ? this->rate() : 25;
  if (ticks != AV_NOPTS_VALUE) {
    timestamp_ms_ = milliseconds(ticks, stream_->time_base);
  } else if (frames_ > 0) {
    timestamp_ms_ += 1000 / rate;
  }
  ++frames_;
  packets_without_frame_ = 0;
  resume();
  // Two fields may have come as two packets, and a complaint may tell of what is not there.
  const bool fields = frame_->interlaced_frame != 0 && codec_->codec_id == AV_CODEC_ID_H264;
  if (span_ != nullptr && (fields || !log_.complaint().empty())) throw NotAsListed{};
  if (frame_->decode_error_flags != 0 || (frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0) {
    const std::string complaint = log_.complaint();
    damaged(complaint.empty() ? "a frame is corrupt" : complaint);
  }
  log_.clear();
  return true;
}

void Reader::check_size(int width, int height) const {
  if (std::int64_t{width} * height <= options_.limits.max_pixels) return;
  fail("limit_exceeded",
       fmt::format("has frames of {}x{}, more than max_pixels = {}", width, height, options_.limits.max_pixels));
}

void Reader::check_whole() {
  const std::optional<std::int64_t> promised = promised_size(file_.descriptor(), file_.size(), has_all_packets());
  if (promised && *promised > file_.size()) {
    damaged(fmt::format("the file was cut, it has {} of {} bytes", file_.size(), *promised));
  }
}

bool Reader::has_all_packets() const {
  if (reads("avi")) return stream_->nb_frames > 0 && packets_ >= stream_->nb_frames;
  if (!reads("mov")) return false;
  const int entries = avformat_index_get_entries_count(stream_);
  for (int i = 0; i < entries; ++i) {
    const AVIndexEntry& packet = *avformat_index_get_entry(stream_, i);
    if (packet.pos > file_.size() - packet.size) return false;
  }
  return entries > 0;
}

bool Reader::seek(double time_s) {
  // Only where the container lists key frames: elsewhere FFmpeg may land inside a group of pictures.
  if (!reads("mov") && !reads("matroska")) return false;
  {
    const Log::Scope scope(log_);
    const auto ticks = static_cast<std::int64_t>(std::fmin(time_s / av_q2d(stream_->time_base), 9e18));
    if (avformat_seek_file(format_.get(), stream_->index, INT64_MIN, ticks, ticks, 0) < 0) return false;
    avcodec_flush_buffers(codec_.get());
  }
  return next() && timestamp_ms_ / 1000 <= time_s;
}

PacketTable::Packet Reader::listed(const AVPacket& packet) const {
  PacketTable::Packet is;
  is.timed = packet.pts != AV_NOPTS_VALUE;
  if (is.timed || packet.dts != AV_NOPTS_VALUE) is.ticks = is.timed ? packet.pts : packet.dts;
  is.position = packet.pos;
  is.size = packet.size;
  is.duration = static_cast<std::int32_t>(std::clamp<std::int64_t>(packet.duration, 0, INT32_MAX));
  is.shown = is_shown(packet, codec_->codec_id);
  is.entry = is.shown && (packet.flags & AV_PKT_FLAG_KEY) != 0;
  return is;
}

PacketTable Reader::read_packets(std::optional<double> until_s) {
  const Log::Scope scope(log_);
  for (unsigned i = 0; i < format_->nb_streams && !until_s; ++i) format_->streams[i]->discard = AVDISCARD_DEFAULT;
  const double start_s =
      format_->start_time == AV_NOPTS_VALUE ? 0 : static_cast<double>(format_->start_time) / AV_TIME_BASE;
  PacketTable table;
  table.time_base = stream_->time_base;
  table.bytes_read = true;
  int status = 0;
  for (int beyond = 0; beyond < 2;) {
    check_interrupted();
    status = av_read_frame(format_.get(), packet_.get());
    if (status < 0) break;
    if (packet_->stream_index != stream_->index) {
      const AVStream& stream = *format_->streams[packet_->stream_index];
      const std::int64_t ticks = packet_->pts == AV_NOPTS_VALUE ? packet_->dts : packet_->pts;
      const double ms = ticks == AV_NOPTS_VALUE ? 0 : milliseconds(ticks, stream.time_base);
      const double length_ms = milliseconds(std::max<std::int64_t>(packet_->duration, 0), stream.time_base);
      table.others_s = std::max(table.others_s, (ms + length_ms) / 1000 - start_s);
    } else {
      ++packets_;
      PacketTable::Packet& packet = table.packets.emplace_back(listed(*packet_));
      if (table.regular) table.regular = is_regular(table, packet);
      // Leading pictures of the key frame after the end are shown before it.
      if (until_s && packet.entry && table.milliseconds(packet) > *until_s * 1000) ++beyond;
    }
    av_packet_unref(packet_.get());
    resume();
  }
  check_interrupted();
  if (status < 0 && status != AVERROR_EOF) table.regular = false;
  return table;
}

bool Reader::is_regular(PacketTable& table, PacketTable::Packet& packet) const {
  if (!units_.knows_codec() || (packet_->flags & (AV_PKT_FLAG_CORRUPT | AV_PKT_FLAG_DISCARD)) != 0) return false;
  const bool first = table.packets.size() == 1;
  if (has_side_data(*packet_) && !first) return false;
  const AccessUnit unit = units_.read(*packet_);
  if (packet.shown && !unit.one_frame) return false;
  if (first) table.parameters = unit.parameters;
  packet.entry = packet.entry && unit.entry;
  return (!packet.entry && unit.parameters.empty()) || unit.parameters == table.parameters;
}

std::optional<PacketTable> Reader::read_index() {
  if (!reads("mov") || !units_.knows_codec()) return std::nullopt;
  const Log::Scope scope(log_);
  const auto count = static_cast<std::size_t>(avformat_index_get_entries_count(stream_));
  const auto offsets = composition_offsets(file_.descriptor(), file_.size(), stream_->id, count);
  if (!offsets || count == 0) return std::nullopt;
  PacketTable table;
  table.time_base = stream_->time_base;
  for (std::size_t i = 0; i < count; ++i) {
    const AVIndexEntry& entry = *avformat_index_get_entry(stream_, static_cast<int>(i));
    const bool inside = entry.pos >= 0 && entry.size > 0 && entry.pos <= file_.size() - entry.size;
    if (!inside || (entry.flags & AVINDEX_DISCARD_FRAME) != 0) return std::nullopt;
    const std::int64_t offset = offsets->empty() ? 0 : (*offsets)[i];
    if (entry.timestamp > kMostTicks || entry.timestamp < -kMostTicks) return std::nullopt;
    table.packets.push_back({.ticks = entry.timestamp + offset,
                             .position = entry.pos,
                             .size = entry.size,
                             .timed = true,

                             .entry = (entry.flags & AVINDEX_KEYFRAME) != 0});
  }
  // FFmpeg adds a constant, which its first packet tells.
  const int status = av_read_frame(format_.get(), packet_.get());
  check_interrupted();
  if (status < 0 || packet_->pts == AV_NOPTS_VALUE || packet_->pos != table.packets[0].position) return std::nullopt;
  ++packets_;
  const PacketTable::Packet first = listed(*packet_);
  const AccessUnit unit = units_.read(*packet_);
  av_packet_unref(packet_.get());
  // Parameters among the packets may change there, unseen. AV1's are repeated by rule, and one in a file.
  if (!unit.parameters.empty() && codec_->codec_id != AV_CODEC_ID_AV1) return std::nullopt;
  table.parameters = unit.parameters;
  const std::int64_t constant = first.ticks - table.packets[0].ticks;
  for (PacketTable::Packet& packet : table.packets) packet.ticks += constant;
  return table;
}

std::optional<PictureGroups> Reader::groups(const PacketTable& table) const {
  // What is missing at the end is told by reading that far.
  const std::optional<std::int64_t> promised = promised_size(file_.descriptor(), file_.size(), has_all_packets());
  if (promised && *promised > file_.size()) return std::nullopt;
  if (!reads("mov") && !reads("matroska") && !reads("avi") && !reads("mpegts")) return std::nullopt;
  return PictureGroups::find(table, *stream_->codecpar);
}

bool Reader::begin(const PacketTable& table, const Span& span) {
  const Log::Scope scope(log_);
  if (seek_to(table.packets[span.first]) < 0) throw NotAsListed{};
  renew_codec(span);
  log_.clear();
  table_ = &table;
  span_ = &span;
  at_ = span.first;
  packet_pending_ = false;
  ended_ = false;
  packet_pending_ = read_packet();
  return units_.read(*packet_).entry;
}

void Reader::renew_codec(const Span& span) {
  // A thread more holds a frame back more, and FFmpeg itself takes no more than 16.
  constexpr std::size_t kPacketsAThread = 8;
  constexpr std::size_t kMostThreads = 16;
  const auto most = std::clamp<std::size_t>((span.last - span.first + 1) / kPacketsAThread, 1, kMostThreads);
  const int threads = hooks_.threads ? std::clamp(hooks_.threads(), 1, static_cast<int>(most)) : threads_;
  if (threads == threads_) return avcodec_flush_buffers(codec_.get());
  threads_ = threads;
  open_codec();
}

int Reader::seek_to(const PacketTable::Packet& packet) {
  // It lists nothing, but says where each packet lies.
  if (reads("mpegts")) return av_seek_frame(format_.get(), stream_->index, packet.position, AVSEEK_FLAG_BYTE);
  return avformat_seek_file(format_.get(), stream_->index, INT64_MIN, packet.ticks, packet.ticks, 0);
}

bool Reader::is_for_span() {
  const PacketTable::Packet& expected = table_->packets[at_];
  const bool first = at_ == span_->first;
  // A container may list some key frames only.
  if (first && packet_->pts != AV_NOPTS_VALUE && packet_->pts < expected.ticks) return false;
  // FFmpeg's parsers give the zero before a start code to the packet before, if there is one.
  const bool same_size = packet_->size == expected.size || (first && reads("mpegts"));
  const AccessUnit unit = units_.read(*packet_);
  if (packet_->pts != expected.ticks || !same_size || (expected.shown && !unit.one_frame) ||
      (packet_->flags & (AV_PKT_FLAG_CORRUPT | AV_PKT_FLAG_DISCARD)) != 0 ||
      (!unit.parameters.empty() && unit.parameters != table_->parameters)) {
    throw NotAsListed{};
  }
  const bool wanted = std::ranges::binary_search(span_->wanted, at_++);
  const bool leading = expected.ticks < table_->packets[span_->first].ticks;
  if (first || wanted || (!leading && !unit.disposable)) return true;
  ++packets_withheld_;
  return false;
}

Work Reader::work() const {
  return {.packets_read = packets_,
          .packets_withheld = packets_withheld_,
          .frames_decoded = frames_,
          .bytes_read = bytes_read_};
}

void Reader::damaged(const std::string& what) {
  if (span_ != nullptr) throw NotAsListed{};
  const std::string message =
      fmt::format("video '{}' is damaged {}: {}", path_,
                  frames_ == 0 ? "before its first frame" : fmt::format("after {:.3f} s", timestamp_ms_ / 1000), what);
  if (options_.fail_on_corrupt) {
    throw Error("invalid_media", message + "; on_corrupt: warn takes what can be decoded");
  }
  if (!warned_) hooks_.warn(message);
  warned_ = true;
}

bool Reader::reads(std::string_view demuxer) const {
  return first_name(*format_->iformat) == demuxer;
}

bool Reader::out_of_time() const {
  return Clock::now() - progress_ > std::chrono::duration<double>(options_.limits.stall_s);
}

void Reader::check_interrupted() const {
  if (hooks_.stop_requested()) fail("cancelled", "was given up: a stop was requested");
  if (out_of_time()) fail("limit_exceeded", fmt::format("gave no frame for stall = {} s", options_.limits.stall_s));
}

void Reader::fail(const char* code, const std::string& what) const {
  throw Error(code, fmt::format("video '{}' {}", path_, what));
}

std::string Reader::complaint(int code) const {
  const std::string line = log_.complaint();
  if (line.empty()) return error_text(code);
  // FFmpeg has no error codes of their own for these.
  if (line.find("max_streams") != std::string::npos || line.find("max pixel count") != std::string::npos) {
    fail("limit_exceeded", "is beyond a limit: " + line);
  }
  return line;
}

}  // namespace pipit::video
