// A zip archive, read with suspicion. torch.save stores its entries uncompressed, so that they can be used in place.
// All numbers are little-endian; a file is read from its end:
//
//   for each entry:
//     local header     30 bytes  0 "PK\3\4"  6 flags  8 method (0: stored)  18 size stored  22 size  26 length of the
//                                name  28 length of the extra field
//                      then the name and the extra field
//     data             as many bytes as the size stored
//   directory, for each entry:
//     header           46 bytes  0 "PK\1\2"  8 flags  10 method  20 size stored  24 size  28 length of the name
//                                30 length of the extra field  32 length of the comment  42 offset of the local header
//                      then the name, the extra field and the comment
//   zip64 end record   56 bytes  0 "PK\6\6"  32 entries  40 size of the directory  48 its offset; 8 bytes each
//   zip64 locator      20 bytes  0 "PK\6\7"  8 offset of the zip64 end record
//   end record         22 bytes  0 "PK\5\6"  10 entries  12 size of the directory  16 its offset  20 length of the
//                                comment, which ends the file
//
// The zip64 records are there when a number does not fit into its field; the field is then all ones. Those of an entry
// stand in its extra field of kind 1, 8 bytes each: size, size stored, offset, as far as they did not fit.
#pragma once

#include <map>
#include <string_view>

#include "weights/files/bytes.h"

namespace pipit::weights {

class ZipArchive {
 public:
  /// Throws Fault for a directory that lies: entries outside the file, over each other, twice under one name, or other
  /// than their own headers say.
  explicit ZipArchive(Bytes file);

  bool contains(std::string_view name) const { return entries_.contains(name); }
  /// The entry's bytes. Throws Fault where there is none, and for a compressed one.
  Bytes entry(std::string_view name) const;

  struct Entry {
    std::uint64_t header = 0;  // where its local header starts
    std::uint64_t size = 0;
    std::uint16_t method = 0;
    std::uint16_t flags = 0;
    Bytes data;
  };
  const std::map<std::string_view, Entry>& entries() const { return entries_; }

 private:
  void read_directory(Bytes directory, std::uint64_t count);
  void read_local_headers(std::uint64_t directory_start);

  Bytes file_;
  std::map<std::string_view, Entry> entries_;
};

}  // namespace pipit::weights
