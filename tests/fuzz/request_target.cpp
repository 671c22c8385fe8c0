// Requests to the server, whose first line is a Content-Type here and whose rest is read as a target, a body and
// base64.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "server/http/multipart.h"
#include "server/http/target.h"
#include "server/media.h"
#include "server/routes/json_body.h"

namespace {

using namespace pipit::server;

void check(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void read_target(std::string_view text) {
  const auto target = parse_target(text);
  if (!target) return;
  check(target->path.starts_with('/'), "a path does not begin at the root");
  check(target->path.find('\0') == std::string::npos, "a path has a zero byte");
  const std::string path = target->path + "/";
  check(path.find("/../") == std::string::npos, "a path climbs");
}

void read_form(std::string_view type, std::string_view body) {
  try {
    for (const FormPart& part : form_parts(type, body)) {
      const auto within = std::less_equal<>();
      check(part.content.empty() || (within(body.data(), part.content.data()) &&
                                     within(part.content.data() + part.content.size(), body.data() + body.size())),
            "a part lies outside of its form");
    }
  } catch (const Refusal& refusal) {
    check(refusal.status == 400 && !refusal.message.empty(), "a form is refused without a reason");
  }
}

void read_json(std::string_view type, std::string_view body) {
  Request request;
  request.headers = {{"content-type", std::string(type)}};
  request.body = body;
  try {
    check(json_body(request).is_object(), "a body is taken that is no object");
  } catch (const Refusal& refusal) {
    check((refusal.status == 400 || refusal.status == 415) && !refusal.message.empty(),
          "a body is refused without a reason");
  }
}

void read_base64(std::string_view text) {
  if (const auto bytes = pipit::from_base64(text)) {
    check(bytes->size() <= text.size(), "base64 grows");
  }
  const auto written = pipit::base64(std::as_bytes(std::span(text)));
  check(pipit::from_base64(written) == std::string(text), "base64 does not come back");
}

/// A message in which the client's name for a file stands ends, and names no file of ours that it did not name itself.
void read_name(std::string_view theirs) {
  const std::string ours = "/proc/self/fd/7";
  const std::string told = renamed("'/proc/self/fd/7' is no video; /proc/self/fd/71 is", ours, std::string(theirs));
  check(told == "'" + std::string(theirs) + "' is no video; /proc/self/fd/71 is", "a file is called what it is not");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), size);
  const std::string_view type = text.substr(0, end);
  const std::string_view rest = text.substr(std::min(end + 1, size));
  read_target(text);
  read_target(rest);
  read_form(type, rest);
  read_json(type, rest);
  read_json("application/json", rest);
  read_base64(rest);
  read_name(rest);
  return 0;
}
