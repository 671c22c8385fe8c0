#include "index/index_verification.h"

#include <fmt/format.h>

#include "index/accelerator/accelerator.h"
#include "index/index.h"
#include "index/search/row_fields.h"
#include "pipit/error.h"

namespace pipit {
namespace {

/// What is wrong with one file; empty: nothing.
std::string fault_of(const IndexFolder& folder, const std::string& name, const IndexManifest::Sum& sum,
                     IndexVerification& read) {
  try {
    const MappedFile file = folder.map(name, sum.bytes);
    ++read.files;
    read.bytes += sum.bytes;
    const std::string found = Sha256::of(file.bytes());
    if (found == sum.sha256) return "";
    return fmt::format("'{}' has the SHA-256 sum {}, the manifest says {}", (folder.path() / name).string(), found,
                       sum.sha256);
  } catch (const Error& e) {
    return e.what();
  }
}

void check_files(const IndexFolder& folder, const std::pair<std::string, std::string>& inner,
                 const std::map<std::string, IndexManifest::Sum>& files, IndexVerification& read) {
  try {
    const IndexFolder with_files = folder.inner(inner.first).inner(inner.second);
    for (const auto& [name, sum] : files) {
      std::string fault = fault_of(with_files, name, sum, read);
      if (!fault.empty()) read.faults.push_back(std::move(fault));
    }
  } catch (const Error& e) {
    read.faults.emplace_back(e.what());
  }
}

/// Lines that no sum was made of: an index that somebody wrote by hand.
void check_lines(const std::filesystem::path& path, IndexVerification& read) {
  try {
    const Index index = Index::open(path);
    for (std::int64_t row = 0; row < index.rows(); ++row) static_cast<void>(RowFields(index.line(row)));
    static_cast<void>(index.items());
  } catch (const Error& e) {
    read.faults.emplace_back(e.what());
  }
}

}  // namespace

IndexVerification verify_index(const std::filesystem::path& path) {
  IndexVerification read;
  const IndexFolder folder = IndexFolder::open(path);
  IndexManifest manifest;
  try {
    manifest = IndexManifest::read(folder);
  } catch (const Error& e) {
    if (e.code() == "not_found") throw;
    read.faults.emplace_back(e.what());
    return read;
  }
  ++read.files;
  for (const IndexManifest::Segment& segment : manifest.segments) {
    check_files(folder, {"segments", segment.name}, segment.files, read);
  }
  if (manifest.accelerator) {
    check_files(folder, {Accelerator::kFolder, manifest.accelerator->name}, manifest.accelerator->files, read);
  }
  if (read.faults.empty()) check_lines(path, read);
  return read;
}

}  // namespace pipit
