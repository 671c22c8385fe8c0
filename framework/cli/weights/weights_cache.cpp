// pipit weights cache

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/weights/weights.h"
#include "pipit/weights/conversion_cache.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;
using weights::ConversionCache;

// "2026-11-24 20:53", in UTC.
std::string time_text(std::filesystem::file_time_type time) {
  const auto system = std::chrono::file_clock::to_sys(time);
  const std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::system_clock::duration>(system));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min);
}

void print(const ConversionCache& cache, bool json) {
  std::uint64_t bytes = 0;
  Json list = Json::array();
  std::string lines;
  for (const ConversionCache::Entry& entry : cache.entries()) {
    bytes += entry.bytes;
    const std::string used = time_text(entry.used);
    list.push_back({{"file", entry.file.string()},
                    {"source_sha256", entry.source_sha256},
                    {"conversion", entry.conversion},
                    {"bytes", entry.bytes},
                    {"used", used}});
    lines += fmt::format("{:>9}  {:<14} of {}…, used {} UTC\n", size_text(entry.bytes), entry.conversion,
                         entry.source_sha256.substr(0, 16), used);
  }
  if (json) {
    const Json all = {
        {"folder", cache.folder().string()}, {"bytes", bytes}, {"most_bytes", cache.most_bytes()}, {"entries", list}};
    fmt::print("{}\n", all.dump(2));
  } else {
    fmt::print("{}: {} of at most {}\n{}", cache.folder().string(), size_text(bytes), size_text(cache.most_bytes()),
               lines);
  }
}

}  // namespace

int weights_cache(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("clear", po::bool_switch(), "remove everything in it");
  options.add_options()("json", po::bool_switch(), "print JSON");
  const Parsed parsed = parse(arguments, "weights cache [--clear] [--json]", options, {});
  if (parsed.done) return kAllGood;
  const bool json = parsed.values["json"].as<bool>();
  const auto folder = ConversionCache::default_folder();
  if (!folder) {
    fmt::print("{}", json ? "{\"folder\": null}\n" : "no cache: PIPIT_CACHE is off, or there is no home folder\n");
    return kAllGood;
  }
  const ConversionCache cache(*folder);
  if (!parsed.values["clear"].as<bool>()) {
    print(cache, json);
    return kAllGood;
  }
  const std::uint64_t bytes = cache.clear();
  if (json) {
    fmt::print("{}\n", Json({{"folder", folder->string()}, {"freed_bytes", bytes}}).dump());
  } else {
    fmt::print("{}: {} freed\n", folder->string(), size_text(bytes));
  }
  return kAllGood;
}

}  // namespace pipit::cli
