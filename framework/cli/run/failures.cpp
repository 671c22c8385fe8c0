#include "cli/run/failures.h"

#include <fmt/format.h>

#include "base/counted.h"

namespace pipit::cli {
namespace {

constexpr std::size_t kMostBytes = 400;  // of a message on a terminal; its line has all of it

/// A message without what a terminal would act on.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (text.size() <= kMostBytes) return text;
  text.resize(kMostBytes);
  return text + "…";
}

std::string shown(const std::string& lines) {
  return lines == "-" ? "standard output" : "'" + lines + "'";
}

}  // namespace

void Failures::add(std::int64_t item, const ItemError& error) {
  ++count_;
  ++by_code_[error.code];
  if (count_ > 1) return;
  const std::string node = error.node.empty() ? "" : fmt::format("node '{}': ", error.node);
  first_ = fmt::format("item {}: {}{} ({})", item, node, printable(error.message), error.code);
}

std::string Failures::text(std::int64_t items, const std::string& lines) const {
  return fmt::format("{} of {} failed; {}{}; {} has {}\n", count_, counted(items, "item"),
                     count_ > 1 ? "the first is " : "", first_, shown(lines),
                     count_ > 1 ? "a line for each" : "its line");
}

std::string earlier_failures_text(std::int64_t failed, const std::string& lines) {
  return fmt::format("{} failed in an earlier run, see {}; --resume --retry-failed runs {} again\n",
                     counted(failed, "item"), shown(lines), failed == 1 ? "it" : "them");
}

}  // namespace pipit::cli
