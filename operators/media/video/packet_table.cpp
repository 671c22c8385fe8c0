#include "media/video/packet_table.h"

#include <algorithm>

namespace pipit::video {

double PacketTable::milliseconds(const Packet& packet) const {
  return video::milliseconds(packet.ticks, time_base);
}

PacketTable::Count PacketTable::count(const TimeWindow& window, double rate) const {
  Count count;
  count.others_s = others_s;
  std::optional<double> first_ms;
  double end_ms = 0;
  bool all_timed = true;
  for (const Packet& packet : packets) {
    if (!packet.shown) continue;
    const double ms = milliseconds(packet);
    const double told_ms = static_cast<double>(packet.duration) * time_base.num * 1000.0 / time_base.den;
    const double length_ms = packet.duration > 0 || rate <= 0 ? told_ms : 1000 / rate;
    all_timed = all_timed && packet.timed;
    if (!window.begins_after(ms) && !window.ends_before(ms)) count.times_ms.push_back(ms);
    first_ms = std::min(first_ms.value_or(ms), ms);
    end_ms = std::max(end_ms, ms + length_ms);
  }
  count.frames = static_cast<std::int64_t>(count.times_ms.size());
  if (!all_timed) count.times_ms.clear();
  std::ranges::sort(count.times_ms);
  count.length_s = (end_ms - first_ms.value_or(end_ms)) / 1000;
  return count;
}

namespace {

/// How many frames a decoder must hold back so that they come in order.
int reordering(const std::vector<PacketTable::Packet>& packets) {
  constexpr std::size_t kMost = 32;  // more than any codec has
  std::vector<std::int64_t> latest;  // the greatest times so far, ascending
  std::ptrdiff_t most = 0;
  for (const PacketTable::Packet& packet : packets) {
    if (!packet.shown) continue;
    const auto at = std::ranges::upper_bound(latest, packet.ticks);
    most = std::max(most, latest.end() - at);
    latest.insert(at, packet.ticks);
    if (latest.size() > kMost) latest.erase(latest.begin());
  }
  return static_cast<int>(most);
}

}  // namespace

std::optional<PictureGroups> PictureGroups::find(const PacketTable& table, const AVCodecParameters& stream) {
  const auto& packets = table.packets;
  if (!table.regular || packets.empty()) return std::nullopt;
  PictureGroups groups;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (!packets[i].timed) return std::nullopt;
    if (packets[i].shown) groups.shown_.push_back(i);
  }
  const auto by_time = [&](std::size_t a, std::size_t b) { return packets[a].ticks < packets[b].ticks; };
  const auto not_later = [&](std::size_t a, std::size_t b) { return packets[a].ticks >= packets[b].ticks; };
  std::ranges::sort(groups.shown_, by_time);
  if (std::ranges::adjacent_find(groups.shown_, not_later) != groups.shown_.end()) return std::nullopt;
  const bool h264 = stream.codec_id == AV_CODEC_ID_H264;
  const bool whole_frames = stream.field_order == AV_FIELD_UNKNOWN || stream.field_order == AV_FIELD_PROGRESSIVE;
  if (h264 && !whole_frames) return std::nullopt;
  if (!groups.find_entries(table, h264)) return std::nullopt;
  // FFmpeg's H.264 decoder drops frames that come later than it was told they would.
  if (h264 && reordering(packets) > stream.video_delay) return std::nullopt;
  return groups;
}

bool PictureGroups::find_entries(const PacketTable& table, bool leading_pictures_need_more) {
  const auto& packets = table.packets;
  const auto begins = [&](std::size_t i) { return packets[i].entry; };
  if (!begins(0)) return false;
  leading_.resize(packets.size());
  std::int64_t latest = INT64_MIN;  // of the groups before
  for (std::size_t begin = 0, end = 0; begin < packets.size(); begin = end) {
    const std::int64_t first = packets[begin].ticks;
    std::int64_t earliest = first;
    std::int64_t last = first;
    for (end = begin + 1; end < packets.size() && !begins(end); ++end) {
      if (!packets[end].shown) continue;
      earliest = std::min(earliest, packets[end].ticks);
      last = std::max(last, packets[end].ticks);
      leading_[end] = packets[end].ticks < first;
    }
    const bool leads = earliest < first;
    if (earliest <= latest || (leads && begin == 0)) return false;
    latest = last;
    if (!leads || !leading_pictures_need_more) {
      entries_.push_back(begin);
    } else {
      for (std::size_t i = begin; i < end; ++i) leading_[i] = false;
    }
  }
  return true;
}

bool PictureGroups::begins_with(std::size_t packet) const {
  return std::ranges::binary_search(entries_, packet);
}

void PictureGroups::join(std::size_t entry) {
  const auto at = entries_.erase(std::ranges::find(entries_, entry));
  const std::size_t end = at == entries_.end() ? leading_.size() : *at;
  for (std::size_t i = entry; i < end; ++i) leading_[i] = false;
}

std::vector<Span> PictureGroups::spans(const std::vector<std::size_t>& wanted) const {
  std::vector<Span> spans;
  for (const std::size_t packet : wanted) {
    // The group that the packet is in; leading pictures, which the first group has none of, need the one before too.
    auto entry = std::ranges::upper_bound(entries_, packet) - 1;
    if (leading_[packet]) --entry;
    if (spans.empty() || *entry > spans.back().last + 1) spans.push_back({*entry, packet, {}});
    spans.back().last = std::max(spans.back().last, packet);
    spans.back().wanted.push_back(packet);
  }
  for (Span& span : spans) std::ranges::sort(span.wanted);
  return spans;
}

}  // namespace pipit::video
