// Lines of a file or of standard input, read so that a signal can end it.
#pragma once

#include <cstdint>
#include <deque>
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

  const std::string& name() const { return name_; }
  int descriptor() const { return file_; }

  struct Line {
    std::string text;
    std::int64_t number = 0;  // from 1
    bool too_long = false;    // more than kMaxLineBytes; `text` is its beginning

    bool blank() const { return text.find_first_not_of(" \t\r") == std::string::npos; }
  };
  /// The next line that is not blank, without its end ("\n" or "\r\n"); nothing at the end of the file or after stop().
  /// Throws pipit::Error (`input_failed`) when the file cannot be read any further.
  std::optional<Line> next();
  /// The next line, blank ones too, without its "\n".
  std::optional<Line> next_whole();
  /// Gives a line back, to be read again as the next one.
  void put_back(Line line) { returned_.push_front(std::move(line)); }

  /// What the file begins with, some bytes of it at least; to be asked before the first line is read.
  std::string_view beginning();

  /// Ends next(), also one that is waiting. May be called from any thread.
  void stop();

 private:
  bool fill();

  const std::string name_;
  int file_ = -1;
  int stop_ = -1;
  std::string buffer_;
  std::size_t start_ = 0;
  bool at_end_ = false;
  std::int64_t number_ = 0;
  std::deque<Line> returned_;
};

}  // namespace pipit::cli
