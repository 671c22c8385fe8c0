// pipit index

#include "cli/index/index.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kUsage =
    R"(usage: pipit index COMMAND …

  info DIR.index          what an index holds
  failed DIR.index        the items that failed, a JSON line each
  verify DIR.index        whether every byte is what was written
  remove DIR.index        take items, or rows with a field's value, out of it
  compact DIR.index       give back the room of rows that were removed
  tune DIR.index          make an accelerator for large indexes, and measure it
  export DIR.index OUT    vectors as OUT.npy with OUT.npy.jsonl, or rows as JSON lines, OUT.jsonl
  import DIR.index FROM   make an index of vectors: of pipit run, another array, or clip-retrieval

pipit index COMMAND --help tells a command's options.
)";

}  // namespace

int index(const Arguments& arguments) {
  constexpr Command kCommands[] = {{"info", index_info},     {"failed", index_failed},   {"verify", index_verify},
                                   {"remove", index_remove}, {"compact", index_compact}, {"tune", index_tune},
                                   {"export", index_export}, {"import", index_import}};
  return dispatch("pipit index", kUsage, kCommands, arguments);
}

void add_index_option(po::options_description& options) {
  options.add_options()("index", po::value<std::string>()->required()->value_name("DIR.index"), "the index");
}

Parsed parse_index(const Arguments& arguments, const std::string& usage, const po::options_description& options) {
  po::positional_options_description positional;
  positional.add("index", 1);
  if (options.find_nothrow("out", false) != nullptr) positional.add("out", 1);
  return parse(arguments, usage, options, positional);
}

}  // namespace pipit::cli
