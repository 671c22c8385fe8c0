// GET /media/PATH: files of the media roots, whole or in part; GET /v1/pictures/INDEX/ROW: a contact sheet.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "search/answer_pictures.h"
#include "server/routes/json_body.h"
#include "server/routes/routes.h"

namespace pipit::server {
namespace {

constexpr std::size_t kTogether = 256 << 10;  // bytes that are read and sent at once

/// What browsers play and show; everything else is to be saved.
const char* type_of(const std::string& path) {
  static constexpr std::pair<const char*, const char*> kTypes[] = {
      {".mp4", "video/mp4"},       {".m4v", "video/mp4"}, {".webm", "video/webm"},     {".mkv", "video/x-matroska"},
      {".mov", "video/quicktime"}, {".ogv", "video/ogg"}, {".avi", "video/x-msvideo"}, {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},     {".png", "image/png"}, {".webp", "image/webp"},     {".gif", "image/gif"}};
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// "bytes=0-99", "bytes=100-", "bytes=-500"; nothing where the whole file is the answer: none was asked for, or one
/// that is not understood.
std::optional<Range> range_of(std::string_view header, std::uint64_t size, bool& beyond) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit) || header.find(',') != std::string_view::npos) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const auto dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view text, std::uint64_t& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc() && end == text.data() + text.size();
  };
  std::uint64_t first = 0;
  std::uint64_t last = size - 1;
  if (dash == 0) {
    std::uint64_t tail = 0;
    if (!number(header.substr(1), tail)) return std::nullopt;
    beyond = tail == 0 || size == 0;
    first = size - std::min(tail, size);
  } else {
    if (!number(header.substr(0, dash), first)) return std::nullopt;
    if (dash + 1 < header.size() && !number(header.substr(dash + 1), last)) return std::nullopt;
    if (last < first && dash + 1 < header.size()) return std::nullopt;
    last = std::min(last, size - 1);
    beyond = first >= size;
  }
  if (beyond) return std::nullopt;
  return Range{first, last};
}

}  // namespace

Response media_file(const Served& served, const Request& request, const std::string& rest) {
  auto file = std::make_shared<OpenFile>(served.media.open(rest));
  struct stat status {};
  ::fstat(file->descriptor(), &status);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  Response response;
  response.type = type_of(rest);
  response.about = rest;
  const std::string tag = fmt::format("\"{:x}-{:x}-{:x}\"", status.st_ino, size,
                                      status.st_mtim.tv_sec * 1000000000LL + status.st_mtim.tv_nsec);
  response.headers = {{"Accept-Ranges", "bytes"},
                      {"ETag", tag},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Content-Security-Policy", "sandbox"}};
  if (request.header("if-none-match") == tag) {
    response.status = 304;
    response.type.clear();
    return response;
  }
  bool beyond = false;
  const auto range = range_of(request.header("range"), size, beyond);
  if (beyond) {
    throw Refusal{416,
                  "invalid_range",
                  fmt::format("the file has {} bytes", size),
                  "",
                  {{"Content-Range", fmt::format("bytes */{}", size)}}};
  }
  const std::uint64_t first = range ? range->first : 0;
  const std::uint64_t count = range ? range->last - range->first + 1 : size;
  if (range) {
    response.status = 206;
    response.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", range->first, range->last, size));
  }
  response.length = count;
  response.stream = [file, first, count](const Write& write) {
    std::string some(kTogether, '\0');
    for (std::uint64_t done = 0; done < count;) {
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(some.size(), count - done));
      const ssize_t got = ::pread(file->descriptor(), some.data(), want, static_cast<off_t>(first + done));
      if (got <= 0 || !write(std::string_view(some).substr(0, static_cast<std::size_t>(got)))) return;
      done += static_cast<std::uint64_t>(got);
    }
  };
  return response;
}

Response picture(const Served& served, const Request& request, const std::string& rest) {
  const auto slash = rest.rfind('/');
  std::int64_t row = -1;
  if (slash != std::string::npos) std::from_chars(rest.data() + slash + 1, rest.data() + rest.size(), row);
  const Indexed& indexed = served.house->index(rest.substr(0, slash));
  if (row < 0 || row >= indexed.index().rows())
    throw Refusal{404, "not_found", fmt::format("the index has no row '{}'", rest.substr(slash + 1))};
  const RowFields fields(indexed.index().line(row));
  const auto file = indexed.files().find(fields);
  // What no client may name is not shown to one either.
  const std::string name = file && file->is_there ? served.media.name_of(file->file) : "";
  if (name.empty()) throw Refusal{404, "not_found", "the row's file is not among the media"};
  const OpenFile opened = served.media.open(name);
  std::optional<RowTimes> times = fields.times();
  for (const auto& [key, member] :
       {std::pair{"start_ms", &RowTimes::start_ms}, std::pair{"end_ms", &RowTimes::end_ms}}) {
    const auto given = request.query.find(key);
    if (given == request.query.end() || !times) continue;
    std::from_chars(given->second.data(), given->second.data() + given->second.size(), (*times).*member);
  }
  const Shot shot = AnswerPictures(served.options.pipeline.operator_path).of(opened.path(), times, request.deadline);
  if (!shot.picture) {
    if (shot.late) throw Refusal{504, "timeout", "the picture was not made in the time that a request has"};
    throw Refusal{422, "unreadable", renamed(shot.fault, opened.path(), name)};
  }
  Response response;
  response.type = "image/jpeg";
  response.body.assign(reinterpret_cast<const char*>(shot.picture->jpeg.data()), shot.picture->jpeg.size());
  response.headers = {{"Cache-Control", "private, max-age=3600"}};
  response.about = indexed.name();
  return response;
}

}  // namespace pipit::server
