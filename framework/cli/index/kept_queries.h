// The pipelines by which an index is asked, as it keeps them.
#pragma once

#include <map>
#include <string>

#include "index/index_manifest.h"
#include "pipit/pipeline.h"

namespace pipit::cli {

/// As they are now: the index answers when their files have moved. Throws pipit::Error (`not_found`).
std::map<std::string, QueryPipeline> kept_queries(const IndexInfo& info);

}  // namespace pipit::cli
