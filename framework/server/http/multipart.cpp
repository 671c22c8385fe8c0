#include "server/http/multipart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "server/http/message.h"

namespace pipit::server {
namespace {

constexpr std::size_t kMostParts = 4096;

[[noreturn]] void refuse(const std::string& what) {
  throw Refusal{400, "invalid_request", fmt::format("the body is not multipart/form-data: {}", what)};
}

bool starts_like(std::string_view text, std::string_view with) {
  return text.size() >= with.size() &&
         std::ranges::equal(text.substr(0, with.size()), with,
                            [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

/// The value of `; name="a b"` or `; name=ab` in a header.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  for (auto at = header.find(';'); at != std::string_view::npos; at = header.find(';', at)) {
    ++at;
    while (at < header.size() && header[at] == ' ') ++at;
    if (!starts_like(header.substr(at), name) || header.substr(at + name.size(), 1) != "=") continue;
    at += name.size() + 1;
    if (header.substr(at, 1) != "\"") return std::string(header.substr(at, header.find(';', at) - at));
    std::string value;
    for (++at; at < header.size() && header[at] != '"'; ++at) {
      if (header[at] == '\\' && at + 1 < header.size()) ++at;
      value += header[at];
    }
    return value;
  }
  return std::nullopt;
}

FormPart part_of(std::string_view text) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) refuse("a part has no end of its headers");
  FormPart part;
  part.content = text.substr(end + 4);
  bool named = false;
  for (std::string_view headers = text.substr(0, end + 2); !headers.empty();) {
    const auto line_end = headers.find("\r\n");
    const std::string_view line = headers.substr(0, line_end);
    headers.remove_prefix(line_end == std::string_view::npos ? headers.size() : line_end + 2);
    if (!starts_like(line, "content-disposition:")) continue;
    if (const auto name = parameter(line, "name")) {
      part.name = *name;
      named = true;
    }
    if (const auto file = parameter(line, "filename")) {
      part.file = *file;
      part.is_file = true;
    }
  }
  if (!named) refuse("a part has no name");
  return part;
}

}  // namespace

std::vector<FormPart> form_parts(std::string_view type, std::string_view body) {
  const auto boundary = parameter(type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 200) refuse("its Content-Type names no boundary");
  const std::string first = "--" + *boundary;
  const std::string next = "\r\n" + first;
  if (!body.starts_with(first)) refuse("it does not begin with its boundary");
  std::vector<FormPart> parts;
  std::string_view rest = body.substr(first.size());
  while (!rest.starts_with("--")) {
    if (!rest.starts_with("\r\n")) refuse("a boundary is followed by other text");
    rest.remove_prefix(2);
    const auto end = rest.find(next);
    if (end == std::string_view::npos) refuse("a part has no end");
    if (parts.size() == kMostParts) refuse(fmt::format("it has more than {} parts", kMostParts));
    parts.push_back(part_of(rest.substr(0, end)));
    rest.remove_prefix(end + next.size());
  }
  return parts;
}

}  // namespace pipit::server
