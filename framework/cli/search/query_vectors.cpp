#include "cli/search/query_vectors.h"

#include <fmt/format.h>

#include "cli/eval/vector_file.h"
#include "pipit/error.h"

namespace pipit::cli {

std::vector<Query> queries_of_vectors(const std::string& file, const Index& index) {
  const Vectors vectors = Vectors::read(file, "", {"text", "path"});
  const std::string& space = index.settings().space;
  if (!vectors.space.empty() && vectors.space != space) {
    throw Error("invalid_input",
                fmt::format("vectors of different spaces cannot be compared: '{}' has '{}', index '{}' has '{}'; make "
                            "both with the same weights",
                            file, vectors.space, index.path().string(), space));
  }
  std::vector<Query> queries;
  for (const Vectors::Row& row : vectors.rows) queries.push_back({.text = row.label, .vector = row.values});
  return queries;
}

}  // namespace pipit::cli
