#include "spec/index_reader.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

namespace pipit {
namespace {

const std::vector<std::string> kKeys = {"vector", "text", "image", "video"};

}  // namespace

void IndexReader::read(const YamlNode& index) {
  IndexSpec& into = spec_.index.emplace();
  into.at = index.at;
  const std::size_t before = faults_.count();
  forms_.check_part(index, kKeys, "'index'");
  read_vector(index, into);
  for (const char* key : {"text", "image", "video"}) {
    if (const YamlNode* file = find_meant(index, key, kKeys)) read_query(key, *file, into);
  }
  into.told = faults_.count() != before;
}

void IndexReader::read_vector(const YamlNode& index, IndexSpec& into) {
  if (const YamlNode* vector = find_meant(index, "vector", kKeys)) {
    for (YamlNode& name : forms_.names(*vector, "index.vector")) into.vector = std::move(name);
  } else if (index.kind == YamlNode::Kind::kMapping) {
    faults_.add(index.at, "'index' must say which output is searched, {vector: COLUMN}");
  }
}

void IndexReader::read_query(const std::string& key, const YamlNode& file, IndexSpec& into) {
  const std::size_t before = faults_.count();
  forms_.scalar(file, fmt::format("index.{}", key));
  if (faults_.count() != before) return;
  const Substituted path = variables_.substitute(file);
  const std::filesystem::path folder = path.from_outside     ? std::filesystem::path()
                                       : path.folder.empty() ? spec_.folder
                                                             : path.folder;
  if (!path.told) into.queries.push_back({file.at, key, folder / path.text, path.unset});
}

}  // namespace pipit
