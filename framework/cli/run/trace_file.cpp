#include "cli/run/trace_file.h"

#include <fmt/format.h>

#include <iterator>

#include "value/json_text.h"

namespace pipit::cli {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

double microseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

}  // namespace

void TraceFile::begin() {
  const std::scoped_lock lock(mutex_);
  start_ = std::chrono::steady_clock::now();
  file_.begin();
  buffer_ = R"([{"name":"process_name","ph":"M","pid":1,"args":{"name":"pipit"}})";
}

int TraceFile::track_of(const Span& span) {
  const auto [track, fresh] =
      tracks_.try_emplace({std::string(span.node), span.replica}, static_cast<int>(tracks_.size()) + 1);
  if (fresh) {
    std::string name;
    append_json_text(name,
                     span.replica == 0 ? std::string(span.node) : fmt::format("{} {}", span.node, span.replica + 1));
    fmt::format_to(std::back_inserter(buffer_),
                   ",\n{{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":{},\"args\":{{\"name\":{}}}}}",
                   track->second, name);
  }
  return track->second;
}

void TraceFile::add(const Span& span) {
  const bool call = span.kind == Span::Kind::kCall;
  const std::scoped_lock lock(mutex_);
  if (failure_) return;
  const int track = track_of(span);
  std::string name;
  append_json_text(name, call ? span.node : "blocked");
  fmt::format_to(std::back_inserter(buffer_),
                 ",\n{{\"name\":{},\"cat\":\"{}\",\"ph\":\"X\",\"pid\":1,\"tid\":{},\"ts\":{:.3f},\"dur\":{:.3f},"
                 "\"args\":{{\"rows\":{},\"first_item\":{},\"last_item\":{}}}}}",
                 name, call ? "call" : "blocked", track, microseconds(span.begin - start_),
                 microseconds(span.end - span.begin), span.rows, span.first_item, span.last_item);
  if (buffer_.size() >= kBufferBytes) write();
}

void TraceFile::write() {
  try {
    file_.append(buffer_);
  } catch (const Error& e) {
    failure_ = e;
  }
  buffer_.clear();
}

void TraceFile::finish() {
  const std::scoped_lock lock(mutex_);
  buffer_ += "\n]\n";
  if (!failure_) write();
  if (failure_) throw Error(*failure_);
  file_.finish();
}

}  // namespace pipit::cli
