#include "media/video/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "pipit/error.h"

namespace pipit::video {

Decoder::Decoder(std::string path, const DecoderOptions& options, const Hooks& hooks)
    : path_(std::move(path)), options_(options), hooks_(hooks), frame_(allocated(av_frame_alloc())) {
  options_.reader.key_frames_only = std::holds_alternative<DecoderOptions::KeyFrames>(options_.sample);
  open();
  number_key_frames();
  estimate();
  choose_frames();
  if (!chosen_frames_) decode_in_order();
}

Decoder::~Decoder() = default;

void Decoder::open() {
  if (reader_) done_ += reader_->work();
  reader_ = std::make_unique<Reader>(path_, options_.reader, hooks_);
}

void Decoder::go_to_start() {
  // A reader that has read is not at the beginning.
  if (reader_->work().packets_read > 0) open();
  if (rate() <= 0) return;
  // Earlier than the start by more frames than any codec holds back: a key frame's place goes by decoding time, so that
  // it may be shown after the start; and FFmpeg 5's H.264 decoder loses frames when the end comes shortly after a seek.
  const double landing_s = options_.window.start_s - std::fmax(1, 32 / rate());
  if (landing_s <= 0) return;
  try {
    pending_ = reader_->seek(landing_s);
  } catch (const Error&) {
    // Damage that only a seek meets (leading pictures without their references) is none; other faults come again.
  }
  if (!pending_) open();
}

void Decoder::number_key_frames() {
  if (!reader_->skips()) return;
  times_ms_ = count_packets().times_ms;
  if (!times_ms_.empty()) return;
  options_.reader.key_frames_only = false;
  open();
}

std::unique_ptr<Reader> Decoder::packet_reader() const {
  // Damage is met again, and told, when the frames are decoded in order.
  ReaderOptions options = options_.reader;
  options.fail_on_corrupt = false;
  return std::make_unique<Reader>(path_, options,
                                  Hooks{.stop_requested = hooks_.stop_requested, .threads = hooks_.threads});
}

PacketTable::Count Decoder::count_packets() {
  if (!packets_) {
    packet_reader_ = packet_reader();
    packets_ = packet_reader_->read_packets();
  }
  return packets_->count(options_.window, rate());
}

void Decoder::estimate() {
  const auto told_s = options_.stream_duration ? reader_->stream_duration_s() : reader_->container_duration_s();
  if (told_s) {
    duration_s_ = std::fmax(0, options_.window.length_s(*told_s));
    window_frames_ = options_.window.estimated_frames(*told_s, rate());
  }
  if (const auto count = count_frames(told_s)) {
    window_frames_ = count->frames;
    if (told_s) duration_s_ = std::fmax(0, options_.window.length_s(count->length_s));
  }
}

std::optional<PacketTable::Count> Decoder::count_frames(std::optional<double> told_s) {
  const bool needed = std::holds_alternative<DecoderOptions::Every>(options_.sample) ||
                      std::holds_alternative<DecoderOptions::Uniform>(options_.sample);
  const bool known = told_s && rate() > 0;
  if (known && (!needed || reader_->lists_packets_for(*told_s))) return std::nullopt;
  const PacketTable::Count count = count_packets();
  if (!known) return count;
  // A window inside the frames is as long as it was asked for.
  const auto& end_s = options_.window.end_s;
  if (end_s && *end_s <= std::min(*told_s, count.length_s)) return std::nullopt;
  if (count.frames == 0 || (count.others_s > 0 && agrees(*told_s, count.others_s, rate()))) return std::nullopt;
  // Times may jump, so that few frames last long.
  const bool sparse = 2 * count.frames < window_frames_;
  if (!sparse && agrees(*told_s, count.length_s, rate())) return std::nullopt;
  return count;
}

void Decoder::choose_frames() {
  const bool every = std::holds_alternative<DecoderOptions::Every>(options_.sample);
  if (options_.in_order || every || options_.reader.key_frames_only) return;
  if (std::holds_alternative<DecoderOptions::KeyFrames>(options_.sample)) return;
  if (!packets_ && !(packets_ = reader_->read_index())) {
    packet_reader_ = packet_reader();
    packets_ = packet_reader_->read_packets(options_.window.end_s);
  }
  Reader& reader = packet_reader_ ? *packet_reader_ : *reader_;
  PacketTable packets = *std::exchange(packets_, std::nullopt);
  const std::optional<PictureGroups> groups = reader.groups(packets);
  if (!groups) return;
  std::vector<Choice> chosen;
  try {
    chosen = choices(packets, *groups);
  } catch (const Error&) {
    // It comes again, after the frames before it.
  }
  if (chosen.empty()) return;
  if (options_.nearest_key_frame) take_nearest_key_frames(chosen, packets, *groups);
  try {
    chosen_frames_.emplace(reader, std::move(packets), *groups, std::move(chosen));
  } catch (const NotAsListed&) {
  }
}

std::vector<Choice> Decoder::choices(const PacketTable& packets, const PictureGroups& groups) {
  std::vector<Choice> chosen;
  sampler_ = make_sampler();
  std::int64_t passed = 0;
  std::size_t last = 0;
  for (const std::size_t packet : groups.shown()) {
    const double ms = packets.milliseconds(packets.packets[packet]);
    if (options_.window.begins_after(ms)) continue;
    if (options_.window.ends_before(ms) || sampler_->done()) break;
    last = packet;
    const std::int64_t copies = sampler_->copies(ms, packets.packets[packet].entry);
    if (copies > 0) chosen.push_back({packet, passed, copies});
    ++passed;
  }
  if (passed > 0 && sampler_->wants_last()) chosen.push_back({last, passed - 1, 1, true});
  return chosen;
}

void Decoder::take_nearest_key_frames(std::vector<Choice>& chosen, const PacketTable& packets,
                                      const PictureGroups& groups) const {
  struct KeyFrame {
    double ms;
    std::size_t packet;
    std::int64_t index;
  };
  std::vector<KeyFrame> keys;
  std::int64_t passed = 0;
  for (const std::size_t packet : groups.shown()) {
    const double ms = packets.milliseconds(packets.packets[packet]);
    if (options_.window.begins_after(ms)) continue;
    if (options_.window.ends_before(ms)) break;
    if (groups.begins_with(packet)) keys.push_back({ms, packet, passed});
    ++passed;
  }
  if (keys.empty()) return;
  for (Choice& choice : chosen) {
    const double ms = packets.milliseconds(packets.packets[choice.packet]);
    auto nearest = std::ranges::lower_bound(keys, ms, {}, &KeyFrame::ms);
    if (nearest == keys.end() || (nearest != keys.begin() && ms - (nearest - 1)->ms <= nearest->ms - ms)) --nearest;
    choice.packet = nearest->packet;
    choice.index = nearest->index;
  }
}

std::unique_ptr<Sampler> Decoder::make_sampler() const {
  if (const auto* uniform = std::get_if<DecoderOptions::Uniform>(&options_.sample)) {
    return std::make_unique<UniformSample>(window_frames_, uniform->samples);
  }
  if (const auto* steps = std::get_if<DecoderOptions::TimeStep>(&options_.sample)) {
    return std::make_unique<TimeStepSample>(options_.window.start_s, steps->step_s);
  }
  if (std::holds_alternative<DecoderOptions::FrameASecond>(options_.sample)) {
    if (rate() <= 0) {
      throw Error("invalid_media", fmt::format("video '{}' does not tell its frame rate, which clip4clip_1fps needs; "
                                               "time_step_sample with time_step: 1 goes by time",
                                               path_));
    }
    return std::make_unique<FrameASecondSample>(rate());
  }
  if (std::holds_alternative<DecoderOptions::KeyFrames>(options_.sample)) return std::make_unique<KeyFrameSample>();
  return std::make_unique<EveryFrame>();
}

std::int64_t Decoder::estimated_frames() const {
  if (const auto* uniform = std::get_if<DecoderOptions::Uniform>(&options_.sample)) return uniform->samples;
  if (const auto* steps = std::get_if<DecoderOptions::TimeStep>(&options_.sample)) {
    return duration_s_ < 0 ? -1 : static_cast<std::int64_t>(std::ceil(duration_s_ / steps->step_s));
  }
  if (std::holds_alternative<DecoderOptions::FrameASecond>(options_.sample)) {
    const std::int64_t stride = FrameASecondSample::stride(rate());
    return (window_frames_ + stride - 1) / stride;
  }
  if (std::holds_alternative<DecoderOptions::KeyFrames>(options_.sample)) return -1;
  return window_frames_;
}

const Shot* Decoder::next() {
  reader_->resume();
  if (packet_reader_) packet_reader_->resume();
  if (chosen_frames_) {
    try {
      return next_chosen();
    } catch (const NotAsListed&) {
      decode_in_order();
    }
  }
  return next_in_order();
}

const Shot* Decoder::next_chosen() {
  const Choice* choice = chosen_frames_->next(*frame_);
  if (choice == nullptr) return nullptr;
  const Reader& reader = packet_reader_ ? *packet_reader_ : *reader_;
  shot_.index = choice->index;
  shot_.timestamp_ms = reader.timestamp_ms();
  shot_.key_frame = frame_->key_frame != 0;
  shot_.copies = choice->copies;
  if (choice->in_place_of_missing) check_samples();
  orient();
  ++delivered_;
  return &shot_;
}

void Decoder::decode_in_order() {
  chosen_frames_.reset();
  if (packet_reader_) done_ += packet_reader_->work();
  packet_reader_.reset();
  packets_.reset();
  go_to_start();
  sampler_ = make_sampler();
  repeated_ = delivered_;
}

const Shot* Decoder::next_in_order() {
  while (!ended_ && !sampler_->done()) {
    ended_ = !advance();
    if (ended_ && passed_ == 0 && (times_ms_.empty() || reader_->frames() == 0)) {
      throw Error("invalid_media",
                  fmt::format("video '{}' has no frame {}", path_,
                              options_.window.end_s
                                  ? fmt::format("from {} to {} s", options_.window.start_s, *options_.window.end_s)
                              : options_.window.start_s > 0 ? fmt::format("from {} s on", options_.window.start_s)
                                                            : "that can be decoded"));
    }
    if (ended_) check_samples();
    shot_.copies = ended_ ? sampler_->wants_last() : sampler_->copies(shot_.timestamp_ms, shot_.key_frame);
    if (shot_.copies == 0) continue;
    if (repeated_ > 0) {
      --repeated_;
      continue;
    }
    orient();
    return &shot_;
  }
  // Uniform samples are of the whole: of a file that was cut they are others, but for a single one, the first.
  const auto* uniform = std::get_if<DecoderOptions::Uniform>(&options_.sample);
  if (!std::exchange(ended_, true) && uniform != nullptr && uniform->samples > 1) {
    reader_->read_on(options_.window.end_s);
  }
  return nullptr;
}

void Decoder::check_samples() {
  const std::int64_t missing = sampler_->missing();
  if (missing == 0) return;
  const std::int64_t samples = estimated_frames();
  const bool audio = !options_.stream_duration && reader_->stream_duration_s() != reader_->container_duration_s();
  const std::string told =
      duration_s_ < 0 ? "its packets tell" : fmt::format("the {:.3f} s that it tells", duration_s_);
  hooks_.warn_of_few_frames(fmt::format(
      "video '{}' gave {} of {} samples: its frames end after {:.3f} s, sooner than {}{}", path_, samples - missing,
      samples, shot_.timestamp_ms / 1000, told, audio ? "; duration: stream leaves longer audio out" : ""));
}

bool Decoder::advance() {
  do {
    if (!std::exchange(pending_, false) && !reader_->next()) return false;
  } while (options_.window.begins_after(reader_->timestamp_ms()));
  if (options_.window.ends_before(reader_->timestamp_ms())) return false;
  shot_.index = passed_++;
  shot_.timestamp_ms = reader_->timestamp_ms();
  if (!times_ms_.empty()) shot_.index = std::ranges::lower_bound(times_ms_, shot_.timestamp_ms) - times_ms_.begin();
  shot_.key_frame = reader_->key_frame();
  reader_->take(*frame_);
  return true;
}

void Decoder::orient() {
  orientation_ = {};
  const std::int32_t* matrix = options_.auto_rotate ? reader_->display_matrix(*frame_) : nullptr;
  if (matrix != nullptr) {
    const std::optional<Orientation> turn = Orientation::from_matrix(matrix);
    if (!turn) {
      throw Error("invalid_media",
                  fmt::format("video '{}' is to be shown turned by {:.0f} degrees, expected a multiple of 90; "
                              "auto_rotate: false takes it as it is stored",
                              path_, -av_display_rotation_get(matrix)));
    }
    orientation_ = *turn;
  }
  shot_.size = RgbConverter::size(*frame_, orientation_);
}

Work Decoder::work() const {
  Work work = done_;
  work += reader_->work();
  if (packet_reader_) work += packet_reader_->work();
  if (chosen_frames_) work.frames_skipped = chosen_frames_->frames() - work.frames_decoded;
  return work;
}

void Decoder::rgb(std::uint8_t* out) {
  const Log::Scope scope(log_);
  ++done_.frames_converted;
  converter_.convert(*frame_, orientation_, out);
}

}  // namespace pipit::video
