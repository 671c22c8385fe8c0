// pipit index info, pipit index failed

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "base/near.h"
#include "cli/index/index.h"
#include "index/index.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

struct Sizes {
  std::int64_t rows = 0;
  std::int64_t removed = 0;
  std::int64_t bytes = 0;
};

Sizes sizes_of(const Index& index) {
  Sizes sizes;
  sizes.rows = index.manifest().rows();
  for (const IndexManifest::Segment& segment : index.manifest().segments) {
    sizes.removed += segment.removed;
    sizes.bytes += segment.bytes();
  }
  return sizes;
}

std::vector<std::string> kinds_of(const Index& index) {
  std::vector<std::string> kinds;
  for (const auto& [kind, query] : index.settings().queries) kinds.push_back(kind);
  return kinds;
}

void print(const Index& index, const Sizes& sizes, std::int64_t items, std::int64_t failed) {
  const IndexSettings& is = index.settings();
  fmt::print("index: {}\n", index.path().string());
  fmt::print("space: {}\n", is.space);
  fmt::print("vectors: '{}', {} numbers of {}\n", is.vector, is.dimension, dtype_name(is.dtype));
  fmt::print("rows: {}{}\n", sizes.rows, sizes.removed == 0 ? "" : fmt::format(", {} removed", sizes.removed));
  fmt::print("items: {}{}\n", items, failed == 0 ? "" : fmt::format(", {} failed", failed));
  fmt::print("runs: {}\n", index.manifest().runs.size());
  fmt::print("asked by: {}\n",
             kinds_of(index).empty() ? "vectors alone" : fmt::format("{}", fmt::join(kinds_of(index), ", ")));
  if (const auto& accelerator = index.manifest().accelerator) {
    fmt::print("accelerator: of {}, found {:.1f} % of the right answers, {} to a query\n",
               counted(accelerator->rows, "row"), accelerator->recall * 100, accelerator->k);
  }
  fmt::print("bytes: {} in {}\n", sizes.bytes, counted(std::ssize(index.segments()), "segment"));
}

}  // namespace

int index_info(const Arguments& arguments) {
  po::options_description options("options");
  add_index_option(options);
  options.add_options()("json", po::bool_switch(), "print JSON");
  const Parsed parsed = parse_index(arguments, "index info DIR.index [--json]", options);
  if (parsed.done) return kAllGood;
  const Index index = Index::open(parsed.values["index"].as<std::string>());
  const std::vector<IndexItemLine> items = index.items();
  const std::int64_t failed = std::ranges::count_if(items, &IndexItemLine::failed);
  const Sizes sizes = sizes_of(index);
  if (!parsed.values["json"].as<bool>()) {
    print(index, sizes, std::ssize(items), failed);
    return kAllGood;
  }
  const IndexSettings& is = index.settings();
  Json json = {{"index", index.path().string()},
               {"space", is.space},
               {"vector", is.vector},
               {"dimension", is.dimension},
               {"dtype", dtype_name(is.dtype)},
               {"rows", sizes.rows},
               {"removed", sizes.removed},
               {"items", items.size()},
               {"failed", failed},
               {"runs", index.manifest().runs.size()},
               {"queries", kinds_of(index)},
               {"segments", index.segments().size()},
               {"bytes", sizes.bytes}};
  if (const auto& accelerator = index.manifest().accelerator) {
    json["accelerator"] = {{"rows", accelerator->rows},
                           {"recall", accelerator->recall},
                           {"k", accelerator->k},
                           {"queries", accelerator->queries}};
  }
  fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
  return kAllGood;
}

int index_failed(const Arguments& arguments) {
  po::options_description options("options");
  add_index_option(options);
  const Parsed parsed = parse_index(arguments, "index failed DIR.index", options);
  if (parsed.done) return kAllGood;
  const Index index = Index::open(parsed.values["index"].as<std::string>());
  for (const IndexItemLine& item : index.items()) {
    // {"path":"a.mp4"} and the rest: a line that is an input again, as pipit run takes it.
    if (!item.failed()) continue;
    const std::string inputs = item.inputs.substr(1, item.inputs.size() - 2);
    fmt::print("{{\"item\":{},{}{}\"error\":{}}}\n", item.item, inputs, inputs.empty() ? "" : ",", item.error);
  }
  return kAllGood;
}

}  // namespace pipit::cli
