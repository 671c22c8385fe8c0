#include "weights/formats/zip_archive.h"

#include <algorithm>
#include <vector>

// Record layouts: PKWARE's APPNOTE 6.3, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.14 to 16 (end records).

namespace pipit::weights {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kDirectoryEntry = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint32_t kEnd64Locator = 0x07064b50;
constexpr std::uint64_t kEndBytes = 22;
constexpr std::uint64_t kLocatorBytes = 20;
constexpr std::uint64_t kLocalHeaderBytes = 30;
constexpr std::uint64_t kDirectoryEntryBytes = 46;
constexpr std::uint16_t kEncrypted = 1;
constexpr std::uint16_t kSizesFollowData = 8;
constexpr std::uint32_t kSeeZip64 = 0xffffffff;

struct Directory {
  std::uint64_t start = 0;
  std::uint64_t size = 0;
  std::uint64_t entries = 0;
};

// The end record is the last one whose comment reaches exactly to the end of the file.
std::uint64_t find_end(Bytes file) {
  constexpr std::uint64_t kLongestComment = 0xffff;
  if (file.size() >= kEndBytes) {
    std::uint64_t last = file.size() - kEndBytes;
    std::uint64_t first = last > kLongestComment ? last - kLongestComment : 0;
    for (std::uint64_t at = last + 1; at-- > first;) {
      if (load<std::uint32_t>(file, at, "zip") == kEnd &&
          at + kEndBytes + load<std::uint16_t>(file, at + 20, "zip") == file.size()) {
        return at;
      }
    }
  }
  fail("is cut short: a zip archive without its end; download or copy it again");
}

// The narrow record holds the number of the wide one, or all ones where that does not fit.
bool fits(std::uint64_t narrow, std::uint64_t wide, std::uint64_t ones) {
  return narrow == wide || narrow == ones;
}

Directory find_directory(Bytes file) {
  std::uint64_t end = find_end(file);
  Directory directory{load<std::uint32_t>(file, end + 16, "zip end record"),
                      load<std::uint32_t>(file, end + 12, "zip end record"),
                      load<std::uint16_t>(file, end + 10, "zip end record")};
  std::uint64_t records_start = end;
  if (end >= kLocatorBytes && load<std::uint32_t>(file, end - kLocatorBytes, "zip") == kEnd64Locator) {
    records_start = load<std::uint64_t>(file, end - kLocatorBytes + 8, "zip64 locator");
    if (load<std::uint32_t>(slice(file, records_start, 56, "zip64 end record"), 0, "zip") != kEnd64) {
      damaged("zip64 locator points to byte {}, where no zip64 end record is", records_start);
    }
    Directory narrow = directory;
    directory = {load<std::uint64_t>(file, records_start + 48, "zip64 end record"),
                 load<std::uint64_t>(file, records_start + 40, "zip64 end record"),
                 load<std::uint64_t>(file, records_start + 32, "zip64 end record")};
    if (!fits(narrow.start, directory.start, 0xffffffff) || !fits(narrow.size, directory.size, 0xffffffff) ||
        !fits(narrow.entries, directory.entries, 0xffff)) {
      damaged("zip end record and zip64 end record disagree");
    }
  }
  slice(file, directory.start, directory.size, "zip directory");
  if (directory.start + directory.size != records_start) {
    damaged("zip directory ends at byte {}, its end record starts at byte {}", directory.start + directory.size,
            records_start);
  }
  return directory;
}

// The 64-bit numbers of an entry's zip64 extra field, which stand there in order for each number that did not fit.
class Zip64Extra {
 public:
  explicit Zip64Extra(Bytes extra) {
    for (std::uint64_t at = 0; at + 4 <= extra.size();) {
      std::uint64_t size = load<std::uint16_t>(extra, at + 2, "zip extra field");
      if (load<std::uint16_t>(extra, at, "zip extra field") == 1) {
        numbers_ = slice(extra, at + 4, size, "zip64 extra field");
        return;
      }
      at += 4 + size;
    }
  }

  std::uint64_t widen(std::uint32_t number) {
    if (number != kSeeZip64) return number;
    auto wide = load<std::uint64_t>(numbers_, next_, "zip64 extra field");
    next_ += 8;
    return wide;
  }

 private:
  Bytes numbers_;
  std::uint64_t next_ = 0;
};

}  // namespace

ZipArchive::ZipArchive(Bytes file) : file_(file) {
  Directory directory = find_directory(file);
  read_directory(file.subspan(directory.start, directory.size), directory.entries);
  read_local_headers(directory.start);
}

void ZipArchive::read_directory(Bytes directory, std::uint64_t count) {
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    Bytes fixed = slice(directory, at, kDirectoryEntryBytes, "zip directory entry");
    if (load<std::uint32_t>(fixed, 0, "zip") != kDirectoryEntry) damaged("zip directory is damaged at entry {}", i);
    std::uint64_t name_bytes = load<std::uint16_t>(fixed, 28, "zip");
    std::uint64_t extra_bytes = load<std::uint16_t>(fixed, 30, "zip");
    std::uint64_t comment_bytes = load<std::uint16_t>(fixed, 32, "zip");
    Bytes rest =
        slice(directory, at + kDirectoryEntryBytes, name_bytes + extra_bytes + comment_bytes, "zip directory entry");
    std::string_view name = as_text(rest.first(name_bytes));
    Zip64Extra extra(rest.subspan(name_bytes, extra_bytes));

    Entry entry;
    entry.flags = load<std::uint16_t>(fixed, 8, "zip");
    entry.method = load<std::uint16_t>(fixed, 10, "zip");
    std::uint64_t size = extra.widen(load<std::uint32_t>(fixed, 24, "zip"));
    entry.size = extra.widen(load<std::uint32_t>(fixed, 20, "zip"));
    entry.header = extra.widen(load<std::uint32_t>(fixed, 42, "zip"));
    if ((entry.flags & kEncrypted) != 0) fail("has its zip entry {} encrypted", quote(name));
    if (entry.method == 0 && size != entry.size) {
      damaged("zip entry {} is stored, yet takes {} bytes for {}", quote(name), entry.size, size);
    }
    if (!entries_.emplace(name, entry).second) damaged("zip entry {} is there twice", quote(name));
    at += kDirectoryEntryBytes + rest.size();
  }
  if (at != directory.size()) damaged("zip directory has {} bytes after its {} entries", directory.size() - at, count);
}

void ZipArchive::read_local_headers(std::uint64_t directory_start) {
  Bytes contents = file_.first(directory_start);
  struct Extent {
    std::uint64_t start, end;
    std::string_view name;
  };
  std::vector<Extent> extents;
  for (auto& [name, entry] : entries_) {
    std::string what = "zip entry " + quote(name);
    Bytes fixed = slice(contents, entry.header, kLocalHeaderBytes, what);
    if (load<std::uint32_t>(fixed, 0, what) != kLocalHeader) damaged("{} has no header at byte {}", what, entry.header);
    auto flags = load<std::uint16_t>(fixed, 6, what);
    std::uint64_t name_bytes = load<std::uint16_t>(fixed, 26, what);
    std::uint64_t extra_bytes = load<std::uint16_t>(fixed, 28, what);
    Bytes rest = slice(contents, entry.header + kLocalHeaderBytes, name_bytes + extra_bytes, what);
    if (as_text(rest.first(name_bytes)) != name || load<std::uint16_t>(fixed, 8, what) != entry.method) {
      damaged("{} and its own header at byte {} disagree", what, entry.header);
    }
    if ((flags & kSizesFollowData) == 0) {
      Zip64Extra extra(rest.subspan(name_bytes));
      extra.widen(load<std::uint32_t>(fixed, 22, what));
      if (extra.widen(load<std::uint32_t>(fixed, 18, what)) != entry.size) {
        damaged("{} and its own header at byte {} disagree", what, entry.header);
      }
    }
    std::uint64_t start = entry.header + kLocalHeaderBytes + rest.size();
    entry.data = slice(contents, start, entry.size, what);
    extents.push_back({entry.header, start + entry.size, name});
  }
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) { return a.start < b.start; });
  for (std::size_t i = 1; i < extents.size(); ++i) {
    if (extents[i].start < extents[i - 1].end) {
      damaged("zip entries {} and {} overlap", quote(extents[i - 1].name), quote(extents[i].name));
    }
  }
}

Bytes ZipArchive::entry(std::string_view name) const {
  auto found = entries_.find(name);
  if (found == entries_.end()) damaged("zip entry {} is missing", quote(name));
  if (found->second.method != 0) {
    fail("has its zip entry {} compressed, which torch.save never does; save it again with torch.save", quote(name));
  }
  return found->second.data;
}

}  // namespace pipit::weights
