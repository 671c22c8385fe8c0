#include "media/video/access_unit.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

namespace pipit::video {

namespace {

using Bytes = std::span<const std::uint8_t>;

Bytes bytes_of(const AVPacket& packet) {
  return {packet.data, static_cast<std::size_t>(std::max(packet.size, 0))};
}

/// Where the next start code (0 0 1) begins at or after `at`; the end when there is none.
std::size_t next_start(Bytes bytes, std::size_t at) {
  while (at + 3 <= bytes.size()) {
    const auto* one = static_cast<const std::uint8_t*>(std::memchr(bytes.data() + at + 2, 1, bytes.size() - at - 2));
    if (one == nullptr) break;
    const auto found = static_cast<std::size_t>(one - bytes.data());
    if (bytes[found - 1] == 0 && bytes[found - 2] == 0) return found - 2;
    at = found - 1;
  }
  return bytes.size();
}

/// Calls `each` with what stands between start codes; false when the bytes do not begin with one.
template <class Each>
bool between_start_codes(Bytes bytes, Each each) {
  std::size_t at = next_start(bytes, 0);
  if (std::ranges::any_of(bytes.first(at), [](std::uint8_t byte) { return byte != 0; })) return false;
  while (at < bytes.size()) {
    const std::size_t begin = at + 3;
    at = next_start(bytes, begin);
    if (begin < at) each(bytes.subspan(begin, at - begin));
  }
  return true;
}

/// The same for units that each follow their length; false when a length does not fit.
template <class Each>
bool behind_lengths(Bytes bytes, int length_bytes, Each each) {
  const auto header = static_cast<std::size_t>(length_bytes);
  while (!bytes.empty()) {
    if (bytes.size() < header) return false;
    std::size_t length = 0;
    for (const std::uint8_t byte : bytes.first(header)) length = length << 8 | byte;
    bytes = bytes.subspan(header);
    if (length > bytes.size()) return false;
    if (length > 0) each(bytes.first(length));
    bytes = bytes.subspan(length);
  }
  return true;
}

template <class Each>
bool each_nal_unit(Bytes bytes, int length_bytes, Each each) {
  return length_bytes == 0 ? between_start_codes(bytes, each) : behind_lengths(bytes, length_bytes, each);
}

void append(std::string& text, Bytes bytes) {
  text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Bytes extradata(const AVCodecParameters& stream) {
  return {stream.extradata, static_cast<std::size_t>(std::max(stream.extradata_size, 0))};
}

constexpr int kHevcSps = 33;

int hevc_type(Bytes unit) {
  return unit[0] >> 1 & 0x3f;
}

/// Whether a sequence parameter set allows more than one temporal layer (Rec. ITU-T H.265, 7.3.2.2).
bool allows_layers(Bytes sps) {
  return sps.size() < 3 || (sps[2] >> 1 & 7) != 0;
}

}  // namespace

AccessUnitReader::AccessUnitReader(const AVCodecParameters& stream) {
  const Bytes extra = extradata(stream);
  const AVCodecDescriptor* codec = avcodec_descriptor_get(stream.codec_id);
  switch (stream.codec_id) {
    case AV_CODEC_ID_H264:
      read_ = &AccessUnitReader::read_h264;
      // An avcC box (ISO/IEC 14496-15, 5.3.3.1).
      if (extra.size() > 6 && extra[0] == 1) length_bytes_ = (extra[4] & 3) + 1;
      break;
    case AV_CODEC_ID_HEVC:
      read_ = &AccessUnitReader::read_hevc;
      // An hvcC box (ISO/IEC 14496-15, 8.3.3.1).
      if (extra.size() > 22 && extra[0] == 1) {
        length_bytes_ = (extra[21] & 3) + 1;
        temporal_layers_ = (extra[21] >> 3 & 7) != 1;
      } else {
        temporal_layers_ = false;
        bool told = false;
        const bool sound = between_start_codes(extra, [&](Bytes unit) {
          if (hevc_type(unit) != kHevcSps) return;
          told = true;
          temporal_layers_ = temporal_layers_ || allows_layers(unit);
        });
        temporal_layers_ = temporal_layers_ || !sound || !told;
      }
      break;
    case AV_CODEC_ID_MPEG1VIDEO:
    case AV_CODEC_ID_MPEG2VIDEO:
      read_ = &AccessUnitReader::read_mpeg12;
      break;
    case AV_CODEC_ID_MPEG4:
      read_ = &AccessUnitReader::read_mpeg4;
      break;
    case AV_CODEC_ID_VP8:
      read_ = &AccessUnitReader::read_vp8;
      break;
    case AV_CODEC_ID_VP9:
      read_ = &AccessUnitReader::read_vp9;
      break;
    case AV_CODEC_ID_AV1:
      read_ = &AccessUnitReader::read_av1;
      break;
    default:
      if (codec != nullptr && (codec->props & AV_CODEC_PROP_INTRA_ONLY) != 0) read_ = &AccessUnitReader::read_still;
  }
}

// Rec. ITU-T H.264, 7.3.1 and 7.4.1: nal_ref_idc 0 says of a picture that no other refers to it.
AccessUnit AccessUnitReader::read_h264(const AVPacket& packet) const {
  AccessUnit is;
  int pictures = 0;
  bool all_idr = true;
  bool none_referred_to = true;
  bool plain = true;
  const bool sound = each_nal_unit(bytes_of(packet), length_bytes_, [&](Bytes unit) {
    const int type = unit[0] & 0x1f;
    if (type >= 1 && type <= 5) {
      // A picture's first slice begins with macroblock 0, coded as one bit that is set. Data partitions B and C begin
      // otherwise.
      if (type != 3 && type != 4) pictures += unit.size() > 1 && (unit[1] & 0x80) != 0;
      all_idr = all_idr && type == 5;
      none_referred_to = none_referred_to && (unit[0] & 0x60) == 0;
    } else if (type == 7 || type == 8 || type == 13) {
      append(is.parameters, unit);
    } else if (type == 14 || type == 15 || type == 20 || type == 21) {
      plain = false;  // layers and views
    }
  });
  is.one_frame = sound && plain && pictures == 1;
  is.entry = is.one_frame && all_idr;
  is.disposable = is.one_frame && none_referred_to;
  return is;
}

// Rec. ITU-T H.265, 7.4.2.2: the even types below 16 are pictures that none of the same temporal layer refers to.
AccessUnit AccessUnitReader::read_hevc(const AVPacket& packet) const {
  AccessUnit is;
  int pictures = 0;
  bool all_random_access = true;
  bool none_referred_to = true;
  bool plain = true;
  const bool sound = each_nal_unit(bytes_of(packet), length_bytes_, [&](Bytes unit) {
    if (unit.size() < 3) return;
    const int type = hevc_type(unit);
    const bool base_layer = (unit[0] & 1) == 0 && unit[1] >> 3 == 0;
    if (!base_layer) {
      plain = false;
    } else if (type < 32) {
      const bool random_access = type >= 16 && type <= 23;
      pictures += (unit[2] & 0x80) != 0;
      all_random_access = all_random_access && random_access;
      none_referred_to = none_referred_to && type < 16 && type % 2 == 0;
      // It has earlier pictures thrown away that were not shown yet.
      if (random_access && (unit[2] & 0x40) != 0) plain = false;
    } else if (type <= 34) {
      append(is.parameters, unit);
    }
  });
  is.one_frame = sound && plain && pictures == 1;
  is.entry = is.one_frame && all_random_access;
  is.disposable = is.one_frame && none_referred_to && !temporal_layers_;
  return is;
}

// ISO/IEC 13818-2, 6.2.3: pictures of type B are never referred to.
AccessUnit AccessUnitReader::read_mpeg12(const AVPacket& packet) const {
  constexpr std::uint8_t kPicture = 0x00, kSequence = 0xb3, kExtension = 0xb5;
  constexpr int kIntra = 1, kBidirectional = 3, kCodingExtension = 8, kWholeFrame = 3;
  AccessUnit is;
  int pictures = 0;
  int type = 0;
  bool fields = false;
  bool sequence = false;
  const bool sound = between_start_codes(bytes_of(packet), [&](Bytes unit) {
    if (unit[0] == kPicture) {
      ++pictures;
      if (unit.size() > 2) type = unit[2] >> 3 & 7;
    } else if (unit[0] == kSequence) {
      sequence = true;
      append(is.parameters, unit);
    } else if (unit[0] == kExtension && pictures == 0) {
      append(is.parameters, unit);
    } else if (unit[0] == kExtension && unit.size() > 3 && unit[1] >> 4 == kCodingExtension) {
      fields = (unit[3] & 3) != kWholeFrame;
    }
  });
  is.one_frame = sound && pictures == 1 && !fields;
  is.entry = is.one_frame && sequence && type == kIntra;
  is.disposable = is.one_frame && type == kBidirectional;
  return is;
}

// ISO/IEC 14496-2, 6.2: VOPs of type B are never referred to.
AccessUnit AccessUnitReader::read_mpeg4(const AVPacket& packet) const {
  constexpr std::uint8_t kLastLayer = 0x2f, kSequence = 0xb0, kUserData = 0xb2, kVisualObject = 0xb5, kVop = 0xb6;
  constexpr int kIntra = 0, kBidirectional = 2;
  // A VOP without a picture is its header alone.
  constexpr std::size_t kLeastPicture = 6;
  AccessUnit is;
  int pictures = 0;
  int type = -1;
  const bool sound = between_start_codes(bytes_of(packet), [&](Bytes unit) {
    if (unit[0] == kVop) {
      pictures += unit.size() < kLeastPicture ? 2 : 1;
      if (unit.size() > 1) type = unit[1] >> 6;
    } else if (unit[0] <= kLastLayer || unit[0] == kSequence || unit[0] == kUserData || unit[0] == kVisualObject) {
      append(is.parameters, unit);
    }
  });
  is.one_frame = sound && pictures == 1;
  is.entry = is.one_frame && type == kIntra;
  is.disposable = is.one_frame && type == kBidirectional;
  return is;
}

// RFC 6386, 9.1.
AccessUnit AccessUnitReader::read_vp8(const AVPacket& packet) const {
  const Bytes bytes = bytes_of(packet);
  AccessUnit is;
  if (bytes.size() < 3) return is;
  is.one_frame = (bytes[0] & 0x10) != 0;
  is.entry = is.one_frame && (bytes[0] & 1) == 0;
  return is;
}

// VP9 Bitstream Specification, 6.2 and annex B. A picture that none refers to still lends the next one its motion
// vectors.
AccessUnit AccessUnitReader::read_vp9(const AVPacket& packet) const {
  const Bytes bytes = bytes_of(packet);
  AccessUnit is;
  if (bytes.empty() || bytes[0] >> 6 != 2) return is;
  // Several frames, of which the last one is shown, with an index behind them.
  const bool several = (bytes.back() & 0xe0) == 0xc0;
  const int profile = (bytes[0] >> 5 & 1) | (bytes[0] >> 3 & 2);
  if (profile == 3) return is;  // its header has another bit
  const bool shows_existing = (bytes[0] & 8) != 0;
  const bool key = !shows_existing && (bytes[0] & 4) == 0;
  const bool shown = shows_existing || (bytes[0] & 2) != 0;
  is.one_frame = shown != several;
  is.entry = is.one_frame && key && shown;
  return is;
}

// AV1 Bitstream Specification, 5.3, 5.5 and 5.9.
AccessUnit AccessUnitReader::read_av1(const AVPacket& packet) const {
  constexpr int kSequence = 1, kFrameHeader = 3, kFrame = 6;
  Bytes bytes = bytes_of(packet);
  AccessUnit is;
  int frames = 0;
  int shown = 0;
  bool key = false;
  while (!bytes.empty()) {
    const int type = bytes[0] >> 3 & 15;
    const bool sized = (bytes[0] & 2) != 0;
    std::size_t at = (bytes[0] & 4) != 0 ? 2 : 1;
    std::size_t size = 0;
    for (int shift = 0; sized; shift += 7) {
      if (at >= bytes.size() || shift > 28) return {};
      size |= static_cast<std::size_t>(bytes[at] & 0x7f) << shift;
      if ((bytes[at++] & 0x80) == 0) break;
    }
    if (at > bytes.size() || (sized && size > bytes.size() - at)) return {};
    const Bytes unit = bytes.subspan(at, sized ? size : bytes.size() - at);
    if (type == kSequence) {
      if (unit.empty() || (unit[0] & 8) != 0) return {};  // the short headers of still pictures
      append(is.parameters, unit);
    } else if ((type == kFrameHeader || type == kFrame) && !unit.empty()) {
      const bool shows_existing = (unit[0] & 0x80) != 0;
      const bool shows = shows_existing || (unit[0] & 0x10) != 0;
      if (frames++ == 0) key = !shows_existing && (unit[0] & 0x60) == 0 && shows;
      shown += shows;
    }
    bytes = bytes.subspan(at + unit.size());
  }
  is.one_frame = shown == 1;
  is.entry = is.one_frame && key && !is.parameters.empty();
  return is;
}

AccessUnit AccessUnitReader::read_still(const AVPacket&) const {
  return {.entry = true, .disposable = true, .one_frame = true, .parameters = {}};
}

}  // namespace pipit::video
