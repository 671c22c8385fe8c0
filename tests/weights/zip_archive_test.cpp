// Zip archives that are damaged, or made to mislead.
#include <doctest/doctest.h>

#include "test_file.h"
#include "zip_file.h"

namespace {

const std::string kEmptyDict = "\x80\x02}.";

ZipFile two_entries() {
  return zip_file({{"a/data.pkl", kEmptyDict}, {"a/data/0", "12345678"}});
}

// Offsets of fields in the records.
constexpr std::size_t kLocalMethod = 8;
constexpr std::size_t kLocalSize = 18;
constexpr std::size_t kLocalName = 30;
constexpr std::size_t kEntryCompressedSize = 20;
constexpr std::size_t kEntrySize = 24;
constexpr std::size_t kEntryHeader = 42;
constexpr std::size_t kEntryName = 46;
constexpr std::size_t kEndCount = 10;
constexpr std::size_t kEndDirectory = 16;

}  // namespace

TEST_CASE("zip: an archive that torch.save did not write is named") {
  CHECK(refusal(zip_file({{"word/document.xml", "<w/>"}}).bytes) ==
        "is a zip archive that torch.save did not write: there is no data.pkl in it, but 'word/document.xml'");
  CHECK(refusal(zip_file({}).bytes) ==
        "is a zip archive that torch.save did not write: there is no data.pkl in it, but 'nothing'");
}

TEST_CASE("zip: two pickles are refused") {
  CHECK(refusal(zip_file({{"a/data.pkl", kEmptyDict}, {"b/data.pkl", kEmptyDict}}).bytes) ==
        "is damaged: it has two pickles, 'a/data.pkl' and 'b/data.pkl'");
}

TEST_CASE("zip: an archive without its end is cut short") {
  std::string bytes = two_entries().bytes;
  for (std::size_t cut : {1, 10, 30}) {
    CHECK(refusal(bytes.substr(0, bytes.size() - cut)) ==
          "is cut short: a zip archive without its end; download or copy it again");
  }
  CHECK(refusal("PK\x03\x04") == "is cut short: a zip archive without its end; download or copy it again");
}

TEST_CASE("zip: a compressed tensor is refused") {
  ZipFile zip = zip_file({{"a/data.pkl", kEmptyDict, 8}});
  CHECK(refusal(zip.bytes) ==
        "has its zip entry 'a/data.pkl' compressed, which torch.save never does; save it again with torch.save");
}

TEST_CASE("zip: an encrypted entry is refused") {
  CHECK(refusal(zip_file({{"a/data.pkl", kEmptyDict, 0, 1}}).bytes) == "has its zip entry 'a/data.pkl' encrypted");
}

TEST_CASE("zip: a big-endian archive is refused") {
  CHECK(refusal(zip_file({{"a/data.pkl", kEmptyDict}, {"a/byteorder", "big"}}).bytes) ==
        "was saved in byte order 'big', expected 'little'");
}

TEST_CASE("zip: entries that overlap are refused") {
  // The second entry's directory record points into the first one's data, where a copy of its header lies.
  ZipFile inner = zip_file({{"a/data/0", "12345678"}});
  ZipFile outer = zip_file({{"a/data.pkl", inner.bytes}, {"a/data/0", "12345678"}});
  std::size_t inside = kLocalName + std::string("a/data.pkl").size();
  CHECK(refusal(outer.with(outer.records[1].directory + kEntryHeader, static_cast<std::uint32_t>(inside))) ==
        "is damaged: zip entries 'a/data.pkl' and 'a/data/0' overlap");
}

TEST_CASE("zip: an entry that is there twice is refused") {
  CHECK(refusal(zip_file({{"a/data.pkl", kEmptyDict}, {"a/data.pkl", kEmptyDict}}).bytes) ==
        "is damaged: zip entry 'a/data.pkl' is there twice");
}

TEST_CASE("zip: a directory that lies is refused") {
  ZipFile zip = two_entries();
  std::uint32_t second = zip.records[1].directory;
  CHECK(refusal(zip.with(second + kEntryHeader, std::uint32_t{5})) ==
        "is damaged: zip entry 'a/data/0' has no header at byte 5");
  CHECK(refusal(zip.with(second + kEntryHeader, std::uint32_t{0})) ==
        "is damaged: zip entry 'a/data/0' and its own header at byte 0 disagree");
  CHECK(refusal(zip.with(second + kEntryName, 'b')) ==
        "is damaged: zip entry 'b/data/0' and its own header at byte 44 disagree");
  CHECK(refusal(zip.with(zip.records[1].header + kLocalMethod, std::uint16_t{8})) ==
        "is damaged: zip entry 'a/data/0' and its own header at byte 44 disagree");
  CHECK(refusal(zip.with(zip.records[1].header + kLocalSize, std::uint32_t{7})) ==
        "is damaged: zip entry 'a/data/0' and its own header at byte 44 disagree");
  CHECK(refusal(zip.with(second + kEntrySize, std::uint32_t{9})) ==
        "is damaged: zip entry 'a/data/0' is stored, yet takes 8 bytes for 9");
  std::string longer = zip.with(second + kEntrySize, std::uint32_t{0x7fffffff});
  longer.replace(second + kEntryCompressedSize, 4, "\xff\xff\xff\x7f");
  longer.replace(zip.records[1].header + kLocalSize, 4, "\xff\xff\xff\x7f");
  CHECK(refusal(longer) ==
        "is damaged: zip entry 'a/data/0' would take 2147483647 bytes from byte 82 on, where there are only 90");
}

TEST_CASE("zip: an end record that lies is refused") {
  ZipFile zip = two_entries();
  CHECK(refusal(zip.with(zip.end + kEndDirectory, std::uint32_t{3})) ==
        "is damaged: zip directory ends at byte 113, its end record starts at byte 200");
  CHECK(refusal(zip.with(zip.end + kEndCount, std::uint16_t{1})) ==
        "is damaged: zip directory has 54 bytes after its 1 entries");
  CHECK(refusal(zip.with(zip.end + kEndCount, std::uint16_t{3})) ==
        "is damaged: zip directory entry would take 46 bytes from byte 110 on, where there are only 110");
  CHECK(refusal(zip.with(zip.end + kEndDirectory, std::uint32_t{0x7fffffff})) ==
        "is damaged: zip directory would take 110 bytes from byte 2147483647 on, where there are only 222");
}

TEST_CASE("zip: a zip64 locator that lies is refused") {
  ZipFile zip = two_entries();
  auto with_locator = [&](std::uint64_t target) {
    std::string bytes = zip.bytes;
    bytes.insert(zip.end, "PK\x06\x07" + little_endian<std::uint32_t>(0) + little_endian(target) +
                              little_endian<std::uint32_t>(1));
    return refusal(bytes);
  };
  CHECK(with_locator(0) == "is damaged: zip64 locator points to byte 0, where no zip64 end record is");
  CHECK(with_locator(~std::uint64_t{0}) ==
        "is damaged: zip64 end record would take 56 bytes from byte 18446744073709551615 on, where there are only 242");
}

TEST_CASE("zip: end records that disagree are refused") {
  ZipFile zip = two_entries();
  std::string end64 = "PK\x06\x06" + little_endian<std::uint64_t>(44) + std::string(12, '\0') +
                      little_endian<std::uint64_t>(2) + little_endian<std::uint64_t>(1) +
                      little_endian<std::uint64_t>(110) + little_endian<std::uint64_t>(90);
  std::string locator = "PK\x06\x07" + little_endian<std::uint32_t>(0) + little_endian<std::uint64_t>(zip.end) +
                        little_endian<std::uint32_t>(1);
  std::string bytes = zip.bytes;
  bytes.insert(zip.end, end64 + locator);
  CHECK(refusal(bytes) == "is damaged: zip end record and zip64 end record disagree");
}
