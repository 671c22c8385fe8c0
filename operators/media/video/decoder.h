// A video as a sequence of chosen frames.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "media/api.h"
#include "media/picture.h"
#include "media/sampling.h"
#include "media/video/chosen_frames.h"
#include "media/video/reader.h"

namespace pipit::video {

struct DecoderOptions {
  struct Every {};
  struct Uniform {
    std::int64_t samples;
  };
  struct TimeStep {
    double step_s;
  };
  struct FrameASecond {};
  struct KeyFrames {};

  TimeWindow window;
  std::variant<Every, Uniform, TimeStep, FrameASecond, KeyFrames> sample;
  bool nearest_key_frame = false;  // in place of each frame that Uniform, TimeStep or FrameASecond chooses
  bool in_order = false;           // decode all frames up to the last one that is wanted, whatever the file allows
  bool auto_rotate = true;
  bool stream_duration = false;  // estimate from the stream's duration, not the container's
  ReaderOptions reader;
};

/// What is known of a chosen frame besides its pixels.
struct Shot {
  std::int64_t index = 0;   // among the frames of the window
  double timestamp_ms = 0;  // as the file states it
  bool key_frame = false;
  std::int64_t copies = 1;  // how many times it was chosen
  RgbConverter::Size size{};
};

/// Gives the chosen frames of one video in presentation order; converts a frame only when its pixels are asked for.
/// Holds one frame. Faults as in Reader; a window without any frame is `invalid_media` too.
///
/// Uniform, TimeStep and FrameASecond choose by the times that the packets tell. Only groups of pictures with a chosen
/// frame are decoded, each up to the last of these and without frames that nobody needs. Where that might give other
/// frames than a run from the beginning (PictureGroups says where), and from where packets or frames turn out not to be
/// what the container told, it is that run: frames are decoded in order, up to the last one that is wanted. So are they
/// for the other samples.
///
/// The file's own duration is believed when something in it lasts as long: the chosen stream's frames or another
/// stream. Else its packets are counted, which reads the file once more without decoding it.
class PIPIT_VIDEO_API Decoder {
 public:
  Decoder(std::string path, const DecoderOptions& options, const Hooks& hooks);
  ~Decoder();

  /// The next chosen frame; null at the end. It lives until the next call.
  const Shot* next();
  /// The pixels of the frame that next() gave: RGB, size.bytes() bytes.
  void rgb(std::uint8_t* out);

  /// How many frames will be delivered, copies counted: an estimate, since the window's frames are estimated by its
  /// length and the average rate, or counted by their packets where the file does not tell these or is wrong about
  /// its length. -1: unknown.
  std::int64_t estimated_frames() const;
  /// Of the window, in this video; negative: unknown.
  double duration_s() const { return duration_s_; }
  /// Frames a second, on average; 0: unknown.
  double rate() const { return reader_->rate(); }
  /// Since it was made.
  Work work() const;
  /// Whether all frames are decoded up to the last one that is wanted.
  bool decodes_in_order() const { return !chosen_frames_; }

 private:
  void open();
  /// In the way that decodes in order.
  void go_to_start();
  void estimate();
  /// The places of key frames among all frames, where the others are not decoded.
  void number_key_frames();
  PacketTable::Count count_packets();
  /// What the file's packets say where its own words cannot be taken.
  std::optional<PacketTable::Count> count_frames(std::optional<double> told_s);
  std::unique_ptr<Sampler> make_sampler() const;
  /// Makes chosen_frames_ where the file allows it.
  void choose_frames();
  std::unique_ptr<Reader> packet_reader() const;
  /// By the times of all packets, as the sampler chooses among frames that pass.
  std::vector<Choice> choices(const PacketTable& packets, const PictureGroups& groups);
  void take_nearest_key_frames(std::vector<Choice>& chosen, const PacketTable& packets,
                               const PictureGroups& groups) const;
  const Shot* next_chosen();
  /// Starts anew in the way that decodes in order; what was delivered is not delivered again.
  void decode_in_order();
  const Shot* next_in_order();
  /// Says so when the frames ended before all samples were taken.
  void check_samples();
  void orient();
  /// Lets the next frame of the window pass; false at its end.
  bool advance();

  const std::string path_;
  DecoderOptions options_;
  const Hooks hooks_;
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<Reader> packet_reader_;  // the one that read the packets, if it was another
  std::optional<PacketTable> packets_;     // what it read
  std::optional<ChosenFrames> chosen_frames_;
  Work done_;  // by readers that are gone, and what is not a reader's
  std::unique_ptr<Sampler> sampler_;
  FramePtr frame_;  // the last that passed
  Log log_;         // the scaler's
  RgbConverter converter_;
  Orientation orientation_;  // of frame_
  Shot shot_;
  std::vector<double> times_ms_;    // of all frames of the window, where only key frames are decoded
  std::int64_t passed_ = 0;         // frames of the window
  std::int64_t delivered_ = 0;      // shots
  std::int64_t repeated_ = 0;       // shots that come again after a new start
  std::int64_t window_frames_ = 0;  // estimated
  double duration_s_ = -1;
  bool pending_ = false;  // the reader holds a frame that has not passed
  bool ended_ = false;
};

}  // namespace pipit::video
