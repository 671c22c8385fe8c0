#include "cli/run/record_file.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "pipit/error.h"

namespace pipit::cli {
namespace {

using Json = RunRecord::Json;

constexpr std::size_t kDigestBytes = 17;  // 16 digits and a line's end

std::string lines_of(const std::vector<std::uint64_t>& digests) {
  std::string lines;
  for (const std::uint64_t digest : digests) lines += fmt::format("{:016x}\n", digest);
  return lines;
}

}  // namespace

std::optional<RecordFile::Stored> RecordFile::read(const std::string& output) {
  std::ifstream stream(name_of(output), std::ios::binary);
  if (!stream) return std::nullopt;
  std::ostringstream all;
  all << stream.rdbuf();
  const std::string text = all.str();
  // Only the last brace of the record begins a line.
  const std::size_t brace = text.find("\n}\n");
  Stored stored;
  stored.digests_at = static_cast<std::int64_t>(brace == std::string::npos ? text.size() : brace + 3);
  stored.content = Json::parse(text.substr(0, static_cast<std::size_t>(stored.digests_at)), nullptr, false);
  for (auto at = static_cast<std::size_t>(stored.digests_at); at + kDigestBytes <= text.size(); at += kDigestBytes) {
    std::uint64_t digest = 0;
    const char* const end = text.data() + at + kDigestBytes - 1;
    const auto read = std::from_chars(text.data() + at, end, digest, 16);
    if (read.ec != std::errc() || read.ptr != end || *end != '\n') break;
    stored.digests.push_back(digest);
  }
  return stored;
}

void RecordFile::write(const RunRecord& record, const std::vector<std::uint64_t>& digests) {
  write(record.content(), digests);
}

void RecordFile::write(const Json& record, const std::vector<std::uint64_t>& digests) {
  const std::string text = record.dump(2) + "\n" + lines_of(digests);
  file_ = OutputFile::beside(name_of(output_), ".new");
  file_->append(text);
  file_->finish();
  file_->rename_to(name_of(output_));
}

RecordFile::Spaces RecordFile::spaces_of(const std::string& output) {
  Spaces all;
  const auto stored = read(output);
  if (!stored || !stored->content.is_object()) return all;
  const auto column = stored->content.find("column");
  if (column != stored->content.end() && column->is_string()) all.array = column->get<std::string>();
  const auto spaces = stored->content.find("spaces");
  if (spaces == stored->content.end() || !spaces->is_object()) return all;
  for (const auto& [name, space] : spaces->items()) {
    if (space.is_string()) all.by_column[name] = space.get<std::string>();
  }
  return all;
}

void RecordFile::remove() {
  std::error_code error;
  std::filesystem::remove(name_of(output_), error);
}

void RecordFile::add(std::uint64_t digest) {
  file_->append(lines_of({digest}));
}

std::vector<std::uint64_t> RecordFile::check(const RunRecord& record) {
  auto was = read(output_);
  if (!was || !was->content.is_object()) {
    throw Error("invalid_input", fmt::format("cannot resume '{}': '{}', which tells how it was made, {}; start anew "
                                             "with --overwrite",
                                             output_, name_of(output_), was ? "is damaged" : "is not there"));
  }
  record.check(output_, std::move(was->content));
  digests_at_ = was->digests_at;
  return was->digests;
}

void RecordFile::go_on(const std::vector<std::uint64_t>& digests) {
  file_ = std::make_unique<OutputFile>(name_of(output_));
  file_->begin_behind(digests_at_);
  file_->append(lines_of(digests));
}

}  // namespace pipit::cli
