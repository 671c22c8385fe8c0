// The answers to a query as one HTML file, which needs no network and nothing beside it but the clips.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "search/answer_pictures.h"

namespace pipit::cli {

struct PageAnswer {
  double score = 0;
  std::filesystem::path file;  // absolute, or relative to the working directory
  std::string name;            // as the index has it
  struct Time {
    std::int64_t start_ms;
    std::int64_t end_ms;
  };
  std::optional<Time> time;  // of a clip; nothing for an image or a whole clip
  bool video = false;
  std::optional<Picture> picture;
  std::string fault;  // why there is no picture: a sentence; empty when there is one
};

struct Page {
  std::string query;                     // in words: the sentence, or the name of the image or clip
  std::optional<Picture> query_picture;  // what was shown instead
  std::string index;                     // the index, by name
  std::size_t rows = 0;                  // how many were searched
  std::vector<PageAnswer> answers;       // the best first
};

/// The file's text. Addresses of clips are relative to `folder`, where the page will lie, so that both can be moved
/// together. Texts are shown as they are, whatever is in them; what is not UTF-8 is shown as U+FFFD.
std::string answer_page(const Page& page, const std::filesystem::path& folder);

}  // namespace pipit::cli
