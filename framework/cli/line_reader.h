// Lines of a file or of standard input, read so that a signal can end it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace pipit::cli {

class LineReader {
 public:
  static constexpr std::size_t kMaxLineBytes = 16 * 1024 * 1024;

  /// "-" is standard input. Throws pipit::Error (`not_found`).
  explicit LineReader(const std::string& file);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  struct Line {
    std::string text;
    std::int64_t number = 0;  // from 1
    bool too_long = false;    // more than kMaxLineBytes; `text` is its beginning
  };
  /// The next line without its end; nothing at the end of the file or after stop(). Blank lines are skipped. Throws
  /// pipit::Error (`invalid_input`) when the file cannot be read any further.
  std::optional<Line> next();

  /// Ends next(), also one that is waiting. May be called from any thread.
  void stop();

  /// Lines of a regular file, for progress; nothing for a pipe.
  static std::optional<std::int64_t> count(const std::string& file);

 private:
  bool fill();

  const std::string name_;
  int file_ = -1;
  int stop_ = -1;
  std::string buffer_;
  std::size_t start_ = 0;
  bool at_end_ = false;
  std::int64_t number_ = 0;
};

}  // namespace pipit::cli
