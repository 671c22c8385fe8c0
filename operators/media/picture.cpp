#include "media/picture.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "pipit/error.h"

namespace pipit::video {

namespace {

constexpr std::size_t kAlign = 64;

std::size_t aligned(std::size_t n) {
  return (n + kAlign - 1) / kAlign * kAlign;
}

}  // namespace

std::optional<Orientation> Orientation::from_matrix(const std::int32_t* matrix) {
  // A point (x, y) goes to (a x + c y, b x + d y).
  const double a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
  const double straight = std::fmin(std::fabs(a), std::fabs(d));
  const double crossed = std::fmin(std::fabs(b), std::fabs(c));
  const double most = std::fmax(std::fmax(std::fabs(a), std::fabs(d)), std::fmax(std::fabs(b), std::fabs(c)));
  // A matrix that leaves nothing of a side says nothing: writers that do not care leave all zeros.
  if ((a == 0 && c == 0) || (b == 0 && d == 0)) return Orientation{};
  const double slack = std::sin(2 * M_PI / 180);
  if (crossed <= slack * straight && straight > slack * most) return Orientation{false, a < 0, d < 0};
  if (straight <= slack * crossed && crossed > slack * most) return Orientation{true, c < 0, b < 0};
  return std::nullopt;
}

RgbConverter::Size RgbConverter::size(const AVFrame& frame, Orientation orientation) {
  return orientation.transposed ? Size{frame.height, frame.width} : Size{frame.width, frame.height};
}

namespace {

// Where a chroma sample lies among the pixels that it covers, in 256ths of a pixel.
struct ChromaPosition {
  int x = 128;
  int y = 128;
};

ChromaPosition chroma_position(const AVFrame& frame, const AVPixFmtDescriptor& layout) {
  ChromaPosition at;
  avcodec_enum_to_chroma_pos(&at.x, &at.y, frame.chroma_location);
  at.x *= (1 << layout.log2_chroma_w) - 1;
  at.y *= (1 << layout.log2_chroma_h) - 1;
  return at;
}

// In a field, lines are twice as far apart; and a chroma line lies beside the even one of its pair.
int chroma_y_in_field(int y, bool odd) {
  return (y + (odd ? 256 : 0)) / 2;
}

int fields_of(const AVFrame& frame) {
  return frame.interlaced_frame != 0 && frame.height >= 2 ? 2 : 1;
}

// FFmpeg 5's scaler takes each chroma line of these either as it is or in equal parts with the next, instead of in the
// parts that its place asks for. Later ones have that mended.
bool lacks_chroma_lines(const AVFrame& frame, const AVPixFmtDescriptor& layout) {
  constexpr std::uint64_t kPlanarYuv = AV_PIX_FMT_FLAG_PLANAR;
  const int depth = layout.comp[0].depth;
  const bool odd_height = frame.height % (2 * fields_of(frame)) != 0;  // or that of a field
  return layout.flags == kPlanarYuv && layout.nb_components == 3 && layout.log2_chroma_w == 1 &&
         layout.log2_chroma_h == 1 && depth <= 12 && (depth > 8 || odd_height);
}

// The lines between which a picture line's chroma lies, in the scaler's own fixed point, so that what it rounds is
// rounded the same.
struct Between {
  int above;
  int below;
  int weight_above;  // of 4096
};

Between chroma_lines(int y, int height, int lines, int chroma_y) {
  const std::int64_t step = ((std::int64_t{lines} << 16) + (height >> 1)) / height;
  const std::int64_t place = step + 2 * step * y - (std::int64_t{(chroma_y + 128) / 2} << 9);  // 1 << 17 a line
  const auto above = static_cast<int>(place >> 17);
  const auto part = static_cast<int>(place & ((1 << 17) - 1));
  constexpr int kNegligible = 262;  // 0.002 of a line
  const int weight_above = (1 << 17) - part <= kNegligible ? 0 : ((1 << 17) - part + 16) >> 5;
  return {std::clamp(above, 0, lines - 1), std::clamp(above + 1, 0, lines - 1), weight_above};
}

// A sample of a chroma line in 15 bits, moved from the left edge of its two pixels to their centre where it is not
// there.
template <class T>
int centred(const T* line, int x, int last, bool at_left, int depth) {
  constexpr int kMost = (1 << 15) - 1;  // a damaged frame can hold more than its depth allows
  if (!at_left) return std::min(line[x] << (15 - depth), kMost);
  return std::min((line[x] * 12288 + line[std::min(x + 1, last)] * 4096) >> (depth - 1), kMost);
}

template <class T>
void fill_luma(const AVFrame& from, int depth, AVFrame& to) {
  for (int y = 0; y < from.height; ++y) {
    const auto* in = reinterpret_cast<const T*>(from.data[0] + y * from.linesize[0]);
    auto* out = reinterpret_cast<std::uint16_t*>(to.data[0] + y * to.linesize[0]);
    for (int x = 0; x < from.width; ++x) out[x] = static_cast<std::uint16_t>(in[x] << (14 - depth));
  }
}

template <class T>
void fill_chroma(const AVFrame& from, int plane, int depth, ChromaPosition at, AVFrame& to) {
  const int fields = fields_of(from);
  const int last_line = AV_CEIL_RSHIFT(from.height, 1) - 1;
  const int last = AV_CEIL_RSHIFT(from.width, 1) - 1;
  // To an even width the scaler takes chroma in 8 bits, one sample for two pixels; to an odd one it interpolates.
  const bool paired = from.width % 2 == 0;
  const bool at_left = paired && at.x == 0;
  const int bits = paired ? 8 : 14;
  const auto line = [&](int n) {
    return reinterpret_cast<const T*>(from.data[plane] + std::min(n, last_line) * from.linesize[plane]);
  };
  for (int y = 0; y < from.height; ++y) {
    const int field = y % fields;
    const int height = (from.height + fields - 1 - field) / fields;
    const int chroma_y = fields == 1 ? at.y : chroma_y_in_field(at.y, field == 1);
    const Between lines = chroma_lines(y / fields, height, (height + 1) / 2, chroma_y);
    const T* above = line(lines.above * fields + field);
    const T* below = line(lines.below * fields + field);
    auto* out = reinterpret_cast<std::uint16_t*>(to.data[plane] + y * to.linesize[plane]);
    for (int x = 0; x <= last; ++x) {
      const int sum = centred(above, x, last, at_left, depth) * lines.weight_above +
                      centred(below, x, last, at_left, depth) * (4096 - lines.weight_above);
      out[x] = static_cast<std::uint16_t>((sum + (1 << (26 - bits))) >> (27 - bits) << (14 - bits));
    }
  }
}

}  // namespace

const AVFrame& RgbConverter::with_all_chroma_lines(const AVFrame& frame) {
  const AVPixFmtDescriptor& layout = *av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  if (!lacks_chroma_lines(frame, layout)) return frame;

  if (!widened_) widened_.reset(allocated(av_frame_alloc()));
  AVFrame& wide = *widened_;
  if (wide.width != frame.width || wide.height != frame.height) {
    av_frame_unref(&wide);
    wide.width = frame.width;
    wide.height = frame.height;
    wide.format = AV_PIX_FMT_YUV422P14;
    if (av_frame_get_buffer(&wide, 0) < 0) throw std::bad_alloc();
  }
  wide.colorspace = frame.colorspace;
  wide.color_range = frame.format == AV_PIX_FMT_YUVJ420P ? AVCOL_RANGE_JPEG : frame.color_range;
  wide.chroma_location = frame.width % 2 == 0 ? AVCHROMA_LOC_CENTER : frame.chroma_location;

  const int depth = layout.comp[0].depth;
  const ChromaPosition at = chroma_position(frame, layout);
  (depth == 8 ? fill_luma<std::uint8_t> : fill_luma<std::uint16_t>)(frame, depth, wide);
  for (const int plane : {1, 2}) {
    (depth == 8 ? fill_chroma<std::uint8_t> : fill_chroma<std::uint16_t>)(frame, plane, depth, at, wide);
  }
  return wide;
}

RgbConverter::Source RgbConverter::source(const AVFrame& frame, Lines lines) {
  constexpr int kCoversOne = -513;  // FFmpeg's word for chroma that is not subsampled
  const AVPixFmtDescriptor& layout = *av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  ChromaPosition at = chroma_position(frame, layout);
  int height = frame.height;
  if (lines != Lines::kAll) {
    height = (height + (lines == Lines::kEven ? 1 : 0)) / 2;
    at.y = chroma_y_in_field(at.y, lines == Lines::kOdd);
  }
  return {frame.width,
          height,
          frame.format,
          frame.colorspace,
          frame.color_range,
          layout.log2_chroma_w > 0 ? at.x : kCoversOne,
          layout.log2_chroma_h > 0 ? at.y : kCoversOne};
}

void RgbConverter::prepare(Scaler& scaler, const Source& source) {
  if (scaler.sws && scaler.source == source) return;
  SwsContext* sws = allocated(sws_alloc_context());
  scaler.sws.reset(sws);
  const auto set = [&](const char* option, std::int64_t value) { av_opt_set_int(sws, option, value, 0); };
  set("srcw", source.width);
  set("srch", source.height);
  set("src_format", source.format);
  set("dstw", source.width);
  set("dsth", source.height);
  set("dst_format", AV_PIX_FMT_RGB24);
  set("sws_flags", SWS_BILINEAR);
  set("src_h_chr_pos", source.chroma_x);
  set("src_v_chr_pos", source.chroma_y);
  if (sws_init_context(sws, nullptr, nullptr) < 0) {
    scaler.sws.reset();
    throw Error("invalid_media", std::string("pixel format '") +
                                     av_get_pix_fmt_name(static_cast<AVPixelFormat>(source.format)) +
                                     "' cannot become RGB");
  }
  int* coefficients = nullptr;
  int* rgb_coefficients = nullptr;
  int full_range = 0, rgb_range = 0, brightness = 0, contrast = 0, saturation = 0;
  // Fails for formats that have no matrix.
  if (sws_getColorspaceDetails(sws, &coefficients, &full_range, &rgb_coefficients, &rgb_range, &brightness, &contrast,
                               &saturation) >= 0) {
    if (source.range != AVCOL_RANGE_UNSPECIFIED) full_range = source.range == AVCOL_RANGE_JPEG;
    sws_setColorspaceDetails(sws, sws_getCoefficients(source.matrix), full_range, rgb_coefficients, rgb_range,
                             brightness, contrast, saturation);
  }
  scaler.source = source;
}

void RgbConverter::scale(const AVFrame& frame, Lines lines, std::uint8_t* target, std::size_t stride) {
  Scaler& scaler = scalers_[static_cast<int>(lines)];
  prepare(scaler, source(frame, lines));
  const int step = lines == Lines::kAll ? 1 : 2;
  const int first = lines == Lines::kOdd ? 1 : 0;
  const std::uint8_t* from[4] = {};
  int from_strides[4] = {};
  for (int plane = 0; plane < 4; ++plane) {
    if (frame.data[plane] == nullptr) continue;
    from[plane] = frame.data[plane] + first * frame.linesize[plane];
    from_strides[plane] = step * frame.linesize[plane];
  }
  std::uint8_t* const to[4] = {target + static_cast<std::size_t>(first) * stride};
  const int to_strides[4] = {step * static_cast<int>(stride)};
  const int lines_done = sws_scale(scaler.sws.get(), from, from_strides, 0, scaler.source.height, to, to_strides);
  if (lines_done != scaler.source.height) {
    throw Error("invalid_media", std::string("pixel format '") +
                                     av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame.format)) +
                                     "' cannot become RGB" + (lines_done < 0 ? ": " + error_text(lines_done) : ""));
  }
}

bool RgbConverter::has_fields(const AVFrame& frame) {
  const AVPixFmtDescriptor& layout = *av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  // A field of another height would reach for a chroma line beyond the last.
  return frame.interlaced_frame != 0 && layout.log2_chroma_h > 0 && frame.height % (2 << layout.log2_chroma_h) == 0;
}

void RgbConverter::scale_frame(const AVFrame& frame, std::uint8_t* target, std::size_t stride) {
  const AVFrame& whole = with_all_chroma_lines(frame);
  if (has_fields(whole)) {
    scale(whole, Lines::kEven, target, stride);
    scale(whole, Lines::kOdd, target, stride);
  } else {
    scale(whole, Lines::kAll, target, stride);
  }
}

void RgbConverter::convert(const AVFrame& frame, Orientation orientation, std::uint8_t* out) {
  const std::size_t width = static_cast<std::size_t>(frame.width);
  const std::size_t height = static_cast<std::size_t>(frame.height);
  const std::size_t row = 3 * width;

  // The scaler works in blocks and may write past the end of a row: straight into `out` only when rows are whole
  // blocks.
  const bool direct = orientation.upright() && row % kAlign == 0 && reinterpret_cast<std::uintptr_t>(out) % kAlign == 0;
  std::uint8_t* target = out;
  std::size_t stride = row;
  if (!direct) {
    stride = aligned(row);
    rows_.resize(stride * (height + 1) + kAlign);
    target = rows_.data() + (kAlign - reinterpret_cast<std::uintptr_t>(rows_.data()) % kAlign);
  }
  scale_frame(frame, target, stride);
  if (direct) return;

  const Size turned = size(frame, orientation);
  for (std::size_t y = 0; y < static_cast<std::size_t>(turned.height); ++y) {
    if (orientation.upright()) {
      std::memcpy(out + y * row, target + y * stride, row);
      continue;
    }
    for (std::size_t x = 0; x < static_cast<std::size_t>(turned.width); ++x) {
      const std::size_t across = orientation.flip_x ? static_cast<std::size_t>(turned.width) - 1 - x : x;
      const std::size_t down = orientation.flip_y ? static_cast<std::size_t>(turned.height) - 1 - y : y;
      const std::uint8_t* from =
          orientation.transposed ? target + across * stride + 3 * down : target + down * stride + 3 * across;
      out = std::copy_n(from, 3, out);
    }
  }
}

}  // namespace pipit::video
