#include "weights/files/json_file.h"

#include "weights/files/file_bytes.h"

namespace pipit::weights {

nlohmann::json read_json_object(const std::filesystem::path& path) {
  constexpr std::size_t kMostBytes = 1 << 20;
  try {
    auto file = FileBytes::open(path, false);
    if (file->bytes().size() > kMostBytes) fail("has more than 1 MiB");
    nlohmann::json json = nlohmann::json::parse(as_text(file->bytes()), nullptr, false);
    if (!json.is_object()) fail("is not a JSON object");
    return json;
  } catch (const Fault& fault) {
    fail("has {} beside it that {}", quote(path.filename().string()), fault.what());
  }
}

}  // namespace pipit::weights
