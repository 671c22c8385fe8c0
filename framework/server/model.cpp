#include "server/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/base64.h"
#include "base/file_names.h"
#include "base/url.h"
#include "value/type.h"

namespace pipit::server {
namespace {

/// Codes of what is wrong with the machine or the program, not with the item.
bool is_ours(const std::string& code) {
  static const std::set<std::string> codes{"internal", "operator_failed", "out_of_memory", "unavailable"};
  return codes.contains(code);
}

}  // namespace

const ColumnInfo* Model::vector() const {
  const ColumnInfo* found = nullptr;
  for (const ColumnInfo& output : outputs_) {
    if (output.many || !may_be_vector(Type::parse(output.type))) continue;
    if (found != nullptr) return nullptr;
    found = &output;
  }
  return found;
}

bool Model::takes_files() const {
  return std::ranges::any_of(inputs_, [](const ColumnInfo& input) { return names_a_file(input.name); });
}

void Model::submit(Inputs inputs, Running& running) const {
  auto promise = std::make_shared<std::promise<Result>>();
  running.result = promise->get_future();
  pipeline_.submit(std::move(inputs),
                   [promise, files = running.files](Result result) { promise->set_value(std::move(result)); });
}

Result Model::take(Running& running, Clock::time_point deadline) {
  if (running.result.wait_until(deadline) != std::future_status::ready) {
    throw Refusal{504, "timeout", "the item was not done in the time that a request has"};
  }
  Result result = running.result.get();
  if (result.error) {
    for (const auto& [ours, theirs] : running.names) {
      result.error->message = renamed(std::move(result.error->message), ours, theirs);
    }
  }
  return result;
}

Refusal refusal_of(const ItemError& error) {
  if (error.code == "cancelled") return {503, error.code, "the server is about to end", "", {{"Retry-After", "5"}}};
  if (error.code == "timeout") return {504, error.code, error.message};
  const std::string place = error.node.empty() ? "" : fmt::format("node '{}': ", error.node);
  return {is_ours(error.code) ? 500u : 422u, error.code, place + error.message};
}

OpenFile open_media(const std::string& text, const MediaRoots& roots) {
  constexpr std::string_view kData = "data:";
  if (text.starts_with(kData)) {
    const auto comma = text.find(',');
    if (comma == std::string::npos || !std::string_view(text).substr(0, comma).ends_with(";base64")) {
      throw Refusal{400, "invalid_request", "a data URI has the form data:video/mp4;base64,…"};
    }
    const auto content = from_base64(std::string_view(text).substr(comma + 1));
    if (!content) throw Refusal{400, "invalid_request", "the data URI is not base64"};
    return OpenFile::of_content(*content);
  }
  if (is_url(text)) {
    throw Refusal{400, "invalid_request", fmt::format("'{}': URLs are not read; send the file itself", text)};
  }
  return roots.open(text);
}

}  // namespace pipit::server
