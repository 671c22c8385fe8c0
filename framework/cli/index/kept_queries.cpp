#include "cli/index/kept_queries.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "pipit/error.h"

namespace pipit::cli {

std::map<std::string, QueryPipeline> kept_queries(const IndexInfo& info) {
  std::map<std::string, QueryPipeline> queries;
  for (const IndexInfo::Query& query : info.queries) {
    std::ifstream stream(query.file, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) throw Error("not_found", fmt::format("cannot read pipeline '{}'", query.file.string()));
    queries[query.key] = {query.file.string(), text.str(), query.file.parent_path().string(), query.set};
  }
  return queries;
}

}  // namespace pipit::cli
