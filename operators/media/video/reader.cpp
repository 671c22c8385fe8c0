#include "media/video/reader.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "media/video/extent.h"
#include "pipit/error.h"

namespace pipit::video {

namespace {

constexpr int kIoBuffer = 1 << 16;

// A demuxer may have several names: "mov,mp4,m4a,3gp,3g2,mj2".
std::string_view first_name(const AVInputFormat& demuxer) {
  const std::string_view names = demuxer.name;
  return names.substr(0, names.find(','));
}

template <class Names>
bool has(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
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
  if (!has(kContainers, first_name(*demuxer))) {
    const bool image = first_name(*demuxer).ends_with("_pipe");
    fail("invalid_media", fmt::format("holds '{}' ({}), expected a video file{}", demuxer->name, demuxer->long_name,
                                      image ? "; image_decode.ffmpeg reads images" : ""));
  }
  if (!has(options_.accepted.containers(), first_name(*demuxer))) {
    fail("invalid_media", fmt::format("is a file of kind '{}', which is not among containers = {}",
                                      first_name(*demuxer), fmt::join(options_.accepted.containers(), ", ")));
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
  format->codec_whitelist = allocated(av_strdup(options_.accepted.decoders().c_str()));
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
  if (!has(kCodecs, name)) {
    fail("invalid_media",
         fmt::format("is encoded as '{}', which is not among the codecs that are decoded (pipit inspect "
                     "video_decode.ffmpeg lists them); encode it anew, as H.264 say",
                     name));
  }
  if (!has(options_.accepted.codecs(), name)) {
    fail("invalid_media", fmt::format("is encoded as '{}', which is not among codecs = {}", name,
                                      fmt::join(options_.accepted.codecs(), ", ")));
  }
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
  if (status == AVERROR(EAGAIN)) fail("out_of_memory", "needs more threads than there can be; threads: 1 takes fewest");
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

/// av_read_frame() forgets what the packet held.
int Reader::next_packet() {
  av_packet_unref(packet_.get());
  return av_read_frame(format_.get(), packet_.get());
}

bool Reader::read_packet() {
  if (std::exchange(packet_pending_, false)) return true;
  for (;;) {
    check_interrupted();
    if (span_ != nullptr && at_ > span_->last) return false;
    const int status = next_packet();
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
    if (packet_->stream_index != stream_->index) continue;
    check_encryption();
    ++packets_;
    if (span_ != nullptr && !is_for_span()) continue;
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

void Reader::read_on(std::optional<double> until_s) {
  const Log::Scope scope(log_);
  while (!ended_) {
    resume();
    ended_ = !read_packet();
    packets_without_frame_ = 0;  // none was asked for
    if (ended_ || !until_s || packet_->pts == AV_NOPTS_VALUE) continue;
    if (milliseconds(packet_->pts, stream_->time_base) > *until_s * 1000) return;
  }
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
  // FFmpeg has no error codes of their own for these.
  if (line.find("max_streams") != std::string::npos || line.find("max pixel count") != std::string::npos) {
    fail("limit_exceeded", "is beyond a limit: " + line);
  }
  if (code == AVERROR(ENOMEM)) fail("out_of_memory", "needs more memory than there is");
  return line.empty() ? error_text(code) : line;
}

}  // namespace pipit::video
