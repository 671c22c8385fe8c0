#include "search/answer_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <future>

#include "pipit/pipeline.h"

namespace pipit {
namespace {

constexpr const char* kDecodeImage = "  - {name: decode, op: image_decode.ffmpeg, in: path, out: frame}\n";

/// Videos may end before a row's window does, and a window may be a single frame.
std::string decode_video(const std::optional<RowTimes>& times) {
  std::string stretch;
  if (times) {
    const double start = static_cast<double>(std::max<std::int64_t>(times->start_ms, 0)) / 1000;
    const double end = std::max(static_cast<double>(times->end_ms) / 1000, start + 0.001);
    stretch = fmt::format(", start_time: {}, end_time: {}", start, end);
  }
  return fmt::format(
      "  - {{name: decode, op: video_decode.ffmpeg, in: path, out: frame, args: {{sample_type: "
      "uniform_temporal_subsample, num_samples: 4{}}}}}\n",
      stretch);
}

Picture picture_of(const Result& result) {
  const Frame sheet = result.at("sheet").frame();
  const auto bytes = result.at("file").bytes();
  Picture picture;
  picture.jpeg.assign(bytes.begin(), bytes.end());
  picture.width = static_cast<int>(sheet.width());
  picture.height = static_cast<int>(sheet.height());
  return picture;
}

}  // namespace

Shot AnswerPictures::of(const std::filesystem::path& file, const std::optional<RowTimes>& times,
                        Deadline deadline) const {
  if (!times) {
    Shot shot = run(kDecodeImage, file, deadline);
    if (shot.picture || shot.late) return shot;
  }
  Shot shot = run(decode_video(times), file, deadline);
  shot.video = true;
  return shot;
}

Shot AnswerPictures::run(const std::string& nodes, const std::filesystem::path& file, Deadline deadline) const {
  Options options;
  options.operator_path = operator_path_;
  options.threads = 1;
  Pipeline pipeline =
      Pipeline::parse("pipit: 1\ninputs: {path: string}\nnodes:\n" + nodes +
                          "  - {name: sheet, op: image.contact_sheet, in: frame, out: sheet, args: {tile_width: 240}}\n"
                          "  - {name: encode, op: image_encode.ffmpeg, in: sheet, out: file}\n"
                          "outputs: [sheet, file]\n",
                      ".", options);
  std::future<Result> answer = pipeline.submit({{"path", Value(file.string())}});
  Shot shot;
  shot.late = !is_there(answer, deadline);
  if (shot.late) {
    shot.fault = "the picture was not made in time";
    return shot;
  }
  const Result result = answer.get();
  if (result.error) {
    shot.fault = result.error->message;
  } else {
    shot.picture = picture_of(result);
  }
  return shot;
}

}  // namespace pipit
