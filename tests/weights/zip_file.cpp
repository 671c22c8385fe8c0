#include "zip_file.h"

#include "test_file.h"

ZipFile zip_file(const std::vector<ZipFileEntry>& entries) {
  ZipFile zip;
  auto& [bytes, records, end] = zip;
  auto size16 = [](const std::string& text) { return little_endian(static_cast<std::uint16_t>(text.size())); };
  auto size32 = [](const std::string& text) { return little_endian(static_cast<std::uint32_t>(text.size())); };
  for (const auto& entry : entries) {
    records.push_back({static_cast<std::uint32_t>(bytes.size()), 0});
    bytes += "PK\x03\x04" + little_endian<std::uint16_t>(0) + little_endian(entry.flags) + little_endian(entry.method) +
             std::string(8, '\0') + size32(entry.data) + size32(entry.data) + size16(entry.name) +
             little_endian<std::uint16_t>(0) + entry.name + entry.data;
  }
  auto start = static_cast<std::uint32_t>(bytes.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    records[i].directory = static_cast<std::uint32_t>(bytes.size());
    bytes += "PK\x01\x02" + little_endian<std::uint32_t>(0) + little_endian(entry.flags) + little_endian(entry.method) +
             std::string(8, '\0') + size32(entry.data) + size32(entry.data) + size16(entry.name) +
             std::string(12, '\0') + little_endian(records[i].header) + entry.name;
  }
  end = static_cast<std::uint32_t>(bytes.size());
  auto count = static_cast<std::uint16_t>(entries.size());
  bytes += "PK\x05\x06" + little_endian<std::uint32_t>(0) + little_endian(count) + little_endian(count) +
           little_endian(end - start) + little_endian(start) + little_endian<std::uint16_t>(0);
  return zip;
}

std::string torch_zip(const std::string& pickle, const std::vector<std::string>& storages) {
  std::vector<ZipFileEntry> entries = {{"archive/data.pkl", pickle}};
  for (std::size_t i = 0; i < storages.size(); ++i)
    entries.push_back({"archive/data/" + std::to_string(i), storages[i]});
  return zip_file(entries).bytes;
}
