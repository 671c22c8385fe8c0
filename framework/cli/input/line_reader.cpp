#include "cli/input/line_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "pipit/error.h"

namespace pipit::cli {

LineReader::LineReader(const std::string& file) : name_(file), stop_(eventfd(0, EFD_CLOEXEC)) {
  file_ = file == "-" ? dup(STDIN_FILENO) : open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  const int error = errno;
  const bool folder = file_ >= 0 && fstat(file_, &status) == 0 && S_ISDIR(status.st_mode);
  if (file_ < 0 || folder) {
    throw Error("not_found", fmt::format("cannot open inputs '{}': {}", file, std::strerror(folder ? EISDIR : error)));
  }
}

LineReader::~LineReader() {
  close(file_);
  close(stop_);
}

void LineReader::stop() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(stop_, &one, sizeof(one));
}

/// Reads more; false at the end or when stopped.
bool LineReader::fill() {
  pollfd ready[2] = {{stop_, POLLIN, 0}, {file_, POLLIN, 0}};
  while (poll(ready, 2, -1) < 0 && errno == EINTR) continue;
  if ((ready[0].revents & POLLIN) != 0) return false;
  buffer_.erase(0, start_);
  start_ = 0;
  const std::size_t before = buffer_.size();
  constexpr std::size_t kStep = 64 * 1024;
  buffer_.resize(before + kStep);
  ssize_t got = 0;
  while ((got = read(file_, buffer_.data() + before, kStep)) < 0 && errno == EINTR) continue;
  if (got < 0) {
    throw Error("input_failed",
                fmt::format("cannot read inputs '{}' after line {}: {}", name_, number_, std::strerror(errno)));
  }
  buffer_.resize(before + static_cast<std::size_t>(got));
  return got > 0;
}

std::string_view LineReader::beginning() {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (buffer_.empty() && !at_end_) at_end_ = !fill();
  if (start_ == 0 && number_ == 0 && buffer_.starts_with(kByteOrderMark)) start_ = kByteOrderMark.size();
  return std::string_view(buffer_).substr(start_);
}

std::optional<LineReader::Line> LineReader::next() {
  for (;;) {
    auto line = next_whole();
    if (!line) return line;
    if (line->text.ends_with('\r')) line->text.pop_back();
    if (!line->blank()) return line;
  }
}

std::optional<LineReader::Line> LineReader::next_whole() {
  Line line;
  if (!returned_.empty()) {
    line = std::move(returned_.front());
    returned_.pop_front();
    return line;
  }
  if (number_ == 0) beginning();
  std::size_t searched = 0;
  for (;;) {
    const std::size_t end = buffer_.find('\n', start_ + searched);
    if (end == std::string::npos && !at_end_) {
      searched = buffer_.size() - start_;
      if (searched > kMaxLineBytes && !line.too_long) {
        line.too_long = true;
        line.text = buffer_.substr(start_, 256);
      }
      if (line.too_long) {
        start_ = buffer_.size();
        searched = 0;
      }
      at_end_ = !fill();
      continue;
    }
    const std::size_t stop = std::min(end, buffer_.size());
    if (end == std::string::npos && stop == start_ && !line.too_long) return std::nullopt;
    ++number_;
    line.number = number_;
    if (!line.too_long) line.text = buffer_.substr(start_, stop - start_);
    start_ = std::min(stop + 1, buffer_.size());
    return line;
  }
}

}  // namespace pipit::cli
