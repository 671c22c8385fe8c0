// One question to an index.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pipit {

struct Query {
  /// What is asked with: "text", "image" or "video", for which the index has a pipeline; empty: `vector`.
  std::string kind{};
  std::string text{};  // the sentence, or the file; in words what a vector stands for
  /// The stretch of a video, in seconds.
  std::optional<double> start{};
  std::optional<double> end{};
  std::vector<float> vector{};
  std::string carried{};  // fields of a list's line that are not the query: JSON text, each with a comma in front
  std::shared_ptr<const void> file{};  // what must last as long as `text` is read, if anything
  std::string fault{};                 // why it is not a query; empty: it is one
  bool late = false;                   // its vector was not there in time
};

}  // namespace pipit
