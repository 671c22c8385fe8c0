#include "server/http/target.h"

#include <charconv>

namespace pipit::server {
namespace {

bool climbs(std::string_view path) {
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (path.substr(0, slash) == "..") return true;
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace

std::optional<std::string> unescaped(std::string_view text, bool plus) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += plus && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
    if (error != std::errc() || end != text.data() + i + 3) return std::nullopt;
    plain += static_cast<char>(byte);
    i += 2;
  }
  if (plain.find('\0') != std::string::npos) return std::nullopt;
  return plain;
}

std::optional<Target> parse_target(std::string_view text) {
  const auto mark = text.find('?');
  const auto path = unescaped(text.substr(0, mark), false);
  if (!path || !path->starts_with('/') || climbs(*path)) return std::nullopt;
  Target target{*path, {}};
  std::string_view rest = mark == std::string_view::npos ? std::string_view() : text.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    const auto name = unescaped(pair.substr(0, equals), true);
    const auto value = unescaped(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
    if (!name || !value) return std::nullopt;
    target.query[*name] = *value;
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return target;
}

}  // namespace pipit::server
