// A zip file's directory, read with suspicion: torch.save stores its entries uncompressed, so that they can be used in
// place.
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
