// pipit index verify

#include <fmt/format.h>

#include "base/counted.h"
#include "cli/index/index.h"
#include "index/index_verification.h"

namespace pipit::cli {

int index_verify(const Arguments& arguments) {
  boost::program_options::options_description options("options");
  add_index_option(options);
  const Parsed parsed = parse_index(arguments, "index verify DIR.index", options);
  if (parsed.done) return kAllGood;
  const std::string path = parsed.values["index"].as<std::string>();
  const IndexVerification read = verify_index(path);
  for (const std::string& fault : read.faults) fmt::print(stderr, "{}\n", fault);
  if (!read.faults.empty()) {
    fmt::print(stderr, "index '{}' is damaged; restore it from a copy, or make it anew with pipit run --overwrite\n",
               path);
    return kSomeFailed;
  }
  fmt::print("{}: ok, {}, {} bytes\n", path, counted(read.files, "file"), read.bytes);
  return kAllGood;
}

}  // namespace pipit::cli
