#include "cli/run/shard_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/output/output_file.h"
#include "pipit/error.h"

namespace pipit::cli {

void ShardFile::remove(const std::string& output) {
  std::error_code error;
  std::filesystem::remove(name_of(output), error);
}

void ShardFile::write(const std::string& output, const Shard& shard, std::int64_t items) {
  const auto file = OutputFile::beside(name_of(output), ".new");
  file->append(fmt::format("{{\"shard\":\"{}\",\"items\":{}}}\n", shard.text(), items));
  file->finish();
  file->rename_to(name_of(output));
}

ShardFile ShardFile::read(const std::string& output) {
  const std::string name = name_of(output);
  std::ifstream stream(name);
  if (!stream) {
    throw Error("invalid_input",
                fmt::format("cannot merge '{0}': '{1}' is not there, so it is not the whole result of a "
                            "shard; run it to its end, with --shard I/N --resume",
                            output, name));
  }
  const auto json = nlohmann::json::parse(stream, nullptr, false);
  try {
    ShardFile file;
    file.shard = Shard::parse(json.at("shard").get<std::string>());
    file.items = json.at("items").get<std::int64_t>();
    if (file.items >= 0) return file;
  } catch (const nlohmann::json::exception&) {
  } catch (const UsageError&) {
  }
  throw Error("invalid_input", fmt::format("cannot merge '{}': '{}' is damaged", output, name));
}

}  // namespace pipit::cli
