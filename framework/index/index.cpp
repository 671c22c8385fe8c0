#include "index/index.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <optional>

#include "index/accelerator/accelerator.h"
#include "value/json_line.h"

namespace pipit {
namespace {

// A manifest may be replaced, and what it named removed, while its files are opened.
constexpr int kMostTries = 100;

std::uint64_t digest_of(const std::string& digits) {
  std::uint64_t digest = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), digest, 16);
  return digest;
}

/// Nothing when the object is not an item's.
std::optional<IndexItemLine> item_of(const JsonLine& json) {
  const auto number = [&json](std::string_view name, std::int64_t& into) {
    const JsonLine::Member* member = json.find(name);
    if (member == nullptr) return false;
    const char* end = member->value.data() + member->value.size();
    const auto [read, error] = std::from_chars(member->value.data(), end, into);
    return error == std::errc() && read == end && into >= 0;
  };
  IndexItemLine read;
  const JsonLine::Member* digest = json.find("digest");
  if (!number("item", read.item) || digest == nullptr || !digest->value.starts_with('"')) return std::nullopt;
  read.digest = digest_of(text_of_json(digest->value));
  if (const JsonLine::Member* error = json.find("error")) {
    read.error = error->value;
    const JsonLine::Member* inputs = json.find("inputs");
    read.inputs = inputs == nullptr ? "{}" : inputs->value;
  } else if (!number("rows", read.rows)) {
    return std::nullopt;
  }
  return read;
}

}  // namespace

/// Where each segment's lines end.
struct Index::LineEnds {
  explicit LineEnds(std::size_t segments) : known(segments), ends(segments) {}

  std::mutex mutex;
  std::vector<char> known;
  std::vector<std::vector<std::uint64_t>> ends;
};

Index::Index(std::filesystem::path path, const IndexFolder& folder, IndexManifest manifest)
    : path_(std::move(path)), manifest_(std::move(manifest)) {
  first_rows_.push_back(0);
  if (!manifest_.segments.empty()) {
    const IndexFolder inner = folder.inner("segments");
    for (const auto& segment : manifest_.segments) {
      segments_.emplace_back(inner, segment, manifest_.settings);
      first_rows_.push_back(first_rows_.back() + segment.rows);
    }
  }
  line_ends_ = std::make_unique<LineEnds>(segments_.size());
  if (!manifest_.accelerator) return;
  try {
    accelerator_ = std::make_unique<Accelerator>(folder, manifest_);
  } catch (const Error& e) {
    accelerator_fault_ = e;
  }
}

Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;
Index::~Index() = default;

Index Index::open(const std::filesystem::path& path) {
  const IndexFolder folder = IndexFolder::open(path);
  IndexManifest manifest = IndexManifest::read(folder);
  for (int tries = 1;; ++tries) {
    try {
      Index index(path, folder, manifest);
      if (!index.accelerator_fault_ || IndexManifest::read(folder).generation == manifest.generation) return index;
      throw *index.accelerator_fault_;
    } catch (const Error&) {
      const std::int64_t seen = manifest.generation;
      manifest = IndexManifest::read(folder);
      if (manifest.generation == seen || tries == kMostTries) throw;
    }
  }
}

const Accelerator* Index::accelerator() const {
  if (!accelerator_fault_) return accelerator_.get();
  throw Error("invalid_index", fmt::format("{}; make the accelerator anew with pipit index tune, or search all rows "
                                           "with --exact",
                                           accelerator_fault_->what()));
}

Index::Place Index::place(std::int64_t row) const {
  const auto behind = std::ranges::upper_bound(first_rows_, row);
  const auto segment = static_cast<std::size_t>(behind - first_rows_.begin()) - 1;
  return {segment, row - first_rows_[segment]};
}

std::string_view Index::line(std::int64_t row) const {
  const Place at = place(row);
  const IndexSegment& segment = segments_[at.segment];
  std::vector<std::uint64_t>& ends = line_ends_->ends[at.segment];
  {
    const std::scoped_lock lock(line_ends_->mutex);
    if (!line_ends_->known[at.segment]) {
      const std::string_view text = segment.lines();
      for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1)) {
        ends.push_back(end);
      }
      line_ends_->known[at.segment] = true;
    }
  }
  if (std::ssize(ends) != segment.rows()) {
    throw Error("invalid_index", fmt::format("index '{}' is damaged: 'segments/{}/rows.jsonl' has {} lines for {} rows",
                                             path_.string(), segment.manifest().name, ends.size(), segment.rows()));
  }
  const auto i = static_cast<std::size_t>(at.row);
  const std::size_t begin = i == 0 ? 0 : ends[i - 1] + 1;
  return segment.lines().substr(begin, ends[i] - begin);
}

std::span<const std::byte> Index::vector(std::int64_t row) const {
  const Place at = place(row);
  const std::size_t bytes = static_cast<std::size_t>(settings().dimension) * dtype_bytes(settings().dtype);
  return segments_[at.segment].vectors().subspan(static_cast<std::size_t>(at.row) * bytes, bytes);
}

std::vector<IndexItemLine> Index::items() const {
  std::map<std::int64_t, IndexItemLine> last;
  for (const IndexSegment& segment : segments_) {
    std::int64_t count = 0;
    visit_lines(segment.item_lines(), [&](std::string_view line) {
      ++count;
      std::optional<IndexItemLine> item;
      try {
        item = item_of(JsonLine::read(line));
      } catch (const Error&) {
        // Not JSON is told as not an item's line is.
      }
      if (!item) {
        throw Error("invalid_index",
                    fmt::format("index '{}' is damaged: line {} of 'segments/{}/items.jsonl' is not that "
                                "of an item",
                                path_.string(), count, segment.manifest().name));
      }
      last[item->item] = std::move(*item);
      return true;
    });
  }
  std::vector<IndexItemLine> items;
  for (auto& [number, item] : last) items.push_back(std::move(item));
  return items;
}

}  // namespace pipit
