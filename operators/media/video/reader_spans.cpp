// What a reader does for frames that are decoded apart: it lists packets, and decodes spans of them.
#include <algorithm>
#include <utility>

#include "media/video/extent.h"
#include "media/video/reader.h"
#include "media/video/sample_table.h"
#include "pipit/error.h"

namespace pipit::video {

namespace {

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

}  // namespace

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
    status = next_packet();
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
  const int status = next_packet();
  check_interrupted();
  if (status < 0 || packet_->pts == AV_NOPTS_VALUE || packet_->pos != table.packets[0].position) return std::nullopt;
  ++packets_;
  const PacketTable::Packet first = listed(*packet_);
  const AccessUnit unit = units_.read(*packet_);
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

}  // namespace pipit::video
