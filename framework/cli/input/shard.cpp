#include "cli/input/shard.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "cli/command.h"

namespace pipit::cli {
namespace {

constexpr std::int64_t kMostShards = 1'000'000;

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

Shard Shard::parse(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos) {
    const auto which = number_in(std::string_view(text).substr(0, slash));
    const auto of = number_in(std::string_view(text).substr(slash + 1));
    if (which && of && *which >= 1 && *which <= *of && *of <= kMostShards) return {*which - 1, *of};
  }
  throw UsageError(fmt::format("--shard takes I/N, the I-th of N parts, as in 1/4 to 4/4; found '{}'", text));
}

std::string Shard::text() const {
  return fmt::format("{}/{}", index + 1, of);
}

std::optional<InputItem> ShardList::next() {
  while (auto item = list_->next()) {
    if (seen_++ % shard_.of == shard_.index) return item;
  }
  ended_ = true;
  return std::nullopt;
}

}  // namespace pipit::cli
