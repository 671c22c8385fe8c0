#include "cli/output/terminal_text.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "value/json_text.h"
#include "value/utf8.h"

namespace pipit::cli {
namespace {

/// Bytes of the first character.
std::size_t step(std::string_view text) {
  return std::max<std::size_t>(1, utf8_size(text.substr(0, 4)));
}

std::size_t characters(std::string_view text) {
  std::size_t n = 0;
  for (; !text.empty(); ++n) text.remove_prefix(step(text));
  return n;
}

}  // namespace

std::size_t terminal_width() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

std::string shortened(std::string_view label, std::size_t width) {
  const bool fits = characters(label) <= width;
  std::string text;
  for (std::size_t n = 0; n + (fits ? 0 : 1) < width && !label.empty(); ++n) {
    const std::size_t bytes = step(label);
    const auto first = static_cast<unsigned char>(label.front());
    if (first < 0x20 || first == 0x7f) {
      text += ' ';
    } else {
      text += label.substr(0, bytes);
    }
    label.remove_prefix(bytes);
  }
  return fits ? text : text + "…";
}

std::string padded(std::string_view label, std::size_t width) {
  std::string text = shortened(label, width);
  text.append(width - std::min(width, characters(text)), ' ');
  return text;
}

}  // namespace pipit::cli
