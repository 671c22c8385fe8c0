// The target of a request, "/media/a%20b.mp4?x=1", apart.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pipit::server {

struct Target {
  std::string path;
  std::map<std::string, std::string, std::less<>> query;
};

/// Undoes escapes. Nothing for what is not a path from the root: another form, a broken escape, a zero byte, a part
/// "..".
std::optional<Target> parse_target(std::string_view text);

/// Undoes %XX; with `plus`, "+" is a space. Nothing for a broken escape.
std::optional<std::string> unescaped(std::string_view text, bool plus);

}  // namespace pipit::server
