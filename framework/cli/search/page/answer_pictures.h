// Contact sheets of answers, and thumbnails of images.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/search/page/answer_page.h"
#include "index/search/row_fields.h"

namespace pipit::cli {

struct Shot {
  std::optional<PagePicture> picture;
  bool video = false;
  std::string fault;  // why there is no picture; empty when there is one
};

/// Shows a file as pictures in a small pipeline of pipit's own operators. For one thread.
class AnswerPictures {
 public:
  explicit AnswerPictures(std::vector<std::filesystem::path> operator_path)
      : operator_path_(std::move(operator_path)) {}

  /// Four frames of a video side by side, of all of it or of a stretch; or an image. A file with times is a video.
  Shot of(const std::filesystem::path& file, const std::optional<RowTimes>& times) const;

 private:
  Shot run(const std::string& nodes, const std::filesystem::path& file) const;

  std::vector<std::filesystem::path> operator_path_;
};

}  // namespace pipit::cli
