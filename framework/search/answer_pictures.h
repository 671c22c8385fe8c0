// Contact sheets of answers, and thumbnails of images.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "index/search/row_fields.h"
#include "search/deadline.h"

namespace pipit {

/// A JPEG, and its size in pixels.
struct Picture {
  std::vector<std::byte> jpeg;
  int width = 0;
  int height = 0;
};

struct Shot {
  std::optional<Picture> picture;
  bool video = false;
  std::string fault;  // why there is no picture; empty when there is one
  bool late = false;  // there is none since the time was up
};

/// Shows a file as pictures in a small pipeline of pipit's own operators. All functions may be called from several
/// threads.
class AnswerPictures {
 public:
  explicit AnswerPictures(std::vector<std::filesystem::path> operator_path)
      : operator_path_(std::move(operator_path)) {}

  /// Four frames of a video side by side, of all of it or of a stretch; or an image. A file with times is a video.
  /// Waits until `deadline` at most, and then for what a decoder is at to end.
  Shot of(const std::filesystem::path& file, const std::optional<RowTimes>& times, Deadline deadline = {}) const;

 private:
  Shot run(const std::string& nodes, const std::filesystem::path& file, Deadline deadline) const;

  std::vector<std::filesystem::path> operator_path_;
};

}  // namespace pipit
