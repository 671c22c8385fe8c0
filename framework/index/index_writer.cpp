#include "index/index_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "base/file_lock.h"
#include "base/half.h"
#include "index/accelerator/accelerator.h"
#include "index/index_segment.h"
#include "pipit/error.h"

namespace pipit {
namespace {

constexpr const char* kLock = "lock";
constexpr const char* kSegments = "segments";
constexpr const char* kTemporary = ".pipit-";  // what AtomicFile's names begin with

using Settings = IndexSettings;

/// What is wrong with a vector as it would be stored; empty: nothing.
std::string fault_of(std::span<const float> vector, const Settings& settings) {
  if (std::ssize(vector) != settings.dimension) {
    return fmt::format("has {} numbers, and those of the index have {}", vector.size(), settings.dimension);
  }
  const bool half = settings.dtype == DType::kFloat16;
  bool zeros = true;
  for (std::size_t i = 0; i < vector.size(); ++i) {
    const float stored = half ? float16_to_float(float_to_float16(vector[i])) : vector[i];
    if (!std::isfinite(stored)) {
      const char* what = std::isnan(vector[i])   ? "NaN"
                         : std::isinf(vector[i]) ? "infinite"
                                                 : "larger than a float16 can be";
      return fmt::format("is {} at position {}", what, i);
    }
    zeros = zeros && stored == 0;
  }
  return zeros ? "is zero, and nothing can be found by it" : "";
}

bool is_constant(std::span<const float> vector) {
  return vector.size() > 1 && std::ranges::all_of(vector, [&](float number) { return number == vector[0]; });
}

bool is_number(const std::string& name) {
  return std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

/// {"item":7,"path":…} of {"path":…}
std::string row_line(std::int64_t item, const std::string& fields) {
  if (fields.size() < 2 || fields.front() != '{' || fields.back() != '}' || fields.find('\n') != std::string::npos) {
    throw Error("internal", fmt::format("the fields of a row are not a JSON object on one line: {}", fields));
  }
  return fmt::format("{{\"item\":{}{}{}\n", item, fields.size() > 2 ? "," : "", std::string_view(fields).substr(1));
}

std::string item_line(std::int64_t item, const IndexItem& what) {
  if (what.error.empty()) {
    return fmt::format("{{\"item\":{},\"digest\":\"{:016x}\",\"rows\":{}}}\n", item, what.digest, what.rows.size());
  }
  return fmt::format("{{\"item\":{},\"digest\":\"{:016x}\",\"inputs\":{},\"error\":{}}}\n", item, what.digest,
                     what.inputs.empty() ? "{}" : what.inputs, what.error);
}

/// A new name in a folder is the folder's content.
void sync_parent(const std::filesystem::path& path) {
  const std::filesystem::path parent = std::filesystem::absolute(path).lexically_normal().parent_path();
  const Descriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.number() >= 0) ::fsync(folder.number());
}

}  // namespace

IndexWriter::IndexWriter(const std::filesystem::path& path) : path_(path) {
  made_ = ::mkdir(path.c_str(), 0777) == 0;
  if (!made_ && errno != EEXIST) {
    throw Error("output_failed",
                fmt::format("cannot make folder '{}': {}", path.string(), std::generic_category().message(errno)));
  }
  folder_.emplace(IndexFolder::open(path));
  require_folder();
  lock_ = Descriptor(::openat(folder_->number(), kLock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (lock_.number() < 0) {
    throw Error("output_failed",
                fmt::format("cannot write '{}': {}", (path / kLock).string(), std::generic_category().message(errno)));
  }
  if (!try_lock(lock_.number())) {
    const std::string process = lock_holder(lock_.number());
    throw Error("output_busy",
                fmt::format("another {} is writing index '{}'",
                            process.empty() ? "process" : fmt::format("process ({})", process), path.string()));
  }
  found_ = folder_->has(IndexManifest::kFile);
  if (!found_) return;
  manifest_ = IndexManifest::read(*folder_);
  note_named();
}

/// Of the manifest that is on the disk.
void IndexWriter::note_named() {
  named_.clear();
  for (const auto& segment : manifest_.segments) named_.insert(segment.name);
  named_accelerator_ = manifest_.accelerator ? manifest_.accelerator->name : "";
}

/// Whether a folder holds only what a killed writer of a first index may leave; other files belong to somebody.
void IndexWriter::require_folder() const {
  if (folder_->has(IndexManifest::kFile)) return;
  for (const std::string& name : folder_->names()) {
    if (name == kLock || name == kSegments || name == Accelerator::kFolder || name.starts_with(kTemporary)) continue;
    throw Error("invalid_index", fmt::format("folder '{}' is not an index and is not empty: it has '{}'; name another",
                                             path_.string(), name));
  }
}

IndexWriter::~IndexWriter() {
  try {
    if (segment_ && !unsure_) {
      segment_.reset();
      clear_leftovers();
    }
  } catch (const std::exception&) {
    // The next writer clears it.
  }
  // A folder with no manifest is no index.
  if (!made_ || found_ || unsure_) return;
  if (segments_) folder_->remove(kSegments);
  folder_->remove(kLock);
  ::rmdir(path_.c_str());
}

/// Accelerators that no manifest names.
void IndexWriter::clear_accelerators() const {
  if (!folder_->has(Accelerator::kFolder)) return;
  const IndexFolder accelerators = folder_->inner(Accelerator::kFolder);
  for (const std::string& name : accelerators.names()) {
    if (!is_number(name) || name == named_accelerator_) continue;
    const IndexFolder accelerator = accelerators.inner(name);
    for (const char* file : Accelerator::kFiles) accelerator.remove(file);
    accelerators.remove(name);
  }
}

/// Segments that no manifest names: of a writer that was killed, or joined meanwhile; and the like.
void IndexWriter::clear_leftovers() const {
  for (const std::string& name : folder_->names()) {
    if (name.starts_with(kTemporary)) folder_->remove(name);
  }
  clear_accelerators();
  for (const std::string& name : segments_->names()) {
    if (!is_number(name)) continue;
    const IndexFolder segment = segments_->inner(name);
    const auto found = std::ranges::find(manifest_.segments, name, &IndexManifest::Segment::name);
    const bool named = named_.contains(name);
    for (const std::string& file : segment.names()) {
      const bool ours = file == "vectors.npy" || file == "rows.jsonl" || file == "items.jsonl" ||
                        file.starts_with("removed-") || file.starts_with(kTemporary);
      const bool used = named && (found == manifest_.segments.end() || found->files.contains(file));
      if (ours && !used) segment.remove(file);
    }
    if (!named) segments_->remove(name);
  }
}

void IndexWriter::begin(const IndexSettings& settings) {
  segments_.emplace(folder_->make_inner(kSegments));
  clear_leftovers();
  const std::int64_t generation = manifest_.generation;
  manifest_ = {};
  manifest_.settings = settings;
  manifest_.generation = generation;
  replaces_ = found_;
  changed_ = true;
  committed_ = std::chrono::steady_clock::now();
}

void IndexWriter::go_on(const IndexSettings& settings) {
  const IndexSettings& is = manifest_.settings;
  const auto refuse = [&](const std::string& why) {
    throw Error("invalid_input", fmt::format("cannot add to index '{}': {}", path_.string(), why));
  };
  if (is.space != settings.space) {
    refuse(
        fmt::format("its vectors are of space '{}', and these of '{}'; vectors of different spaces cannot be compared",
                    is.space, settings.space));
  }
  if (is.dimension != settings.dimension) {
    refuse(fmt::format("its vectors have {} numbers, and these {}", is.dimension, settings.dimension));
  }
  if (is.dtype != settings.dtype) {
    refuse(fmt::format("its vectors are {}, and these would be {}", dtype_name(is.dtype), dtype_name(settings.dtype)));
  }
  segments_.emplace(folder_->make_inner(kSegments));
  clear_leftovers();
  committed_ = std::chrono::steady_clock::now();
}

void IndexWriter::begin_run(nlohmann::ordered_json record, const std::filesystem::path& folder) {
  manifest_.runs.push_back({manifest_.items, folder.string(), std::move(record)});
  changed_ = true;
  if (!replaces_) commit();
}

void IndexWriter::check(const IndexItem& item) const {
  for (std::size_t i = 0; i < item.rows.size(); ++i) {
    const std::string fault = fault_of(item.rows[i].vector, manifest_.settings);
    if (fault.empty()) continue;
    const std::string which = item.rows.size() > 1 ? fmt::format("the vector of row {}", i) : "the vector";
    throw Error("invalid_output", fmt::format("{} {}", which, fault));
  }
}

void IndexWriter::add(const IndexItem& item) {
  check(item);
  const std::int64_t number = item.item < 0 ? manifest_.items : item.item;
  std::vector<std::string> lines;
  for (const IndexRow& row : item.rows) lines.push_back(row_line(number, row.fields));
  SegmentWriter& into = segment();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    into.add_row(item.rows[i].vector, lines[i]);
    constant_rows_ += is_constant(item.rows[i].vector) ? 1 : 0;
  }
  into.add_item(item_line(number, item), !item.error.empty());
  manifest_.items = std::max(manifest_.items, number + 1);
  changed_ = true;
  if (into.bytes() >= kCommitBytes || std::chrono::steady_clock::now() - committed_ >= kCommitSeconds) commit();
}

std::string IndexWriter::next_name(IndexManifest& manifest) const {
  return fmt::format("{:06}", ++manifest.generation);
}

SegmentWriter& IndexWriter::segment() {
  if (!segment_) segment_.emplace(*segments_, next_name(manifest_), manifest_.settings);
  return *segment_;
}

/// Takes segments before the last one into it that are not larger than what was taken so far. So each row is copied a
/// logarithmic number of times, and there are as many segments.
IndexManifest::Segment IndexWriter::join_small(IndexManifest& manifest, IndexManifest::Segment last) const {
  std::int64_t bytes = last.bytes();
  auto first = manifest.segments.end();
  while (first != manifest.segments.begin()) {
    const IndexManifest::Segment& before = *std::prev(first);
    if (before.removed > 0 || before.bytes() > bytes || bytes + before.bytes() > kLargestSegment) break;
    bytes += before.bytes();
    --first;
  }
  if (first == manifest.segments.end()) return last;
  std::vector<IndexManifest::Segment> parts(first, manifest.segments.end());
  manifest.segments.erase(first, manifest.segments.end());
  parts.push_back(std::move(last));
  SegmentWriter joined(*segments_, next_name(manifest), manifest.settings);
  for (const IndexManifest::Segment& part : parts) {
    const IndexSegment segment(*segments_, part, manifest.settings);
    joined.add_rows(segment.vectors(), segment.lines(), part.rows, part.largest_norm);
    joined.add_items(segment.item_lines(), part.items, part.failed);
  }
  return joined.finish();
}

void IndexWriter::commit() {
  // What stands is left alone until there is something to put in its place.
  if (!changed_ || (replaces_ && !segment_)) return;
  IndexManifest next = manifest_;
  if (segment_) {
    next.segments.push_back(join_small(next, segment_->finish()));
    segments_->sync();
  } else {
    ++next.generation;
  }
  put(std::move(next));
  segment_.reset();
}

/// In place of the manifest that is there, whose segments are on the disk.
void IndexWriter::put(IndexManifest next) {
  unsure_ = true;
  next.write(*folder_);
  unsure_ = false;
  if (made_ && !found_) sync_parent(path_);
  manifest_ = std::move(next);
  found_ = true;
  replaces_ = false;
  changed_ = false;
  note_named();
  clear_leftovers();
  committed_ = std::chrono::steady_clock::now();
}

void IndexWriter::finish() {
  commit();
}

}  // namespace pipit
