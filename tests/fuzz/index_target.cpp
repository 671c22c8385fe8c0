// The files of an index: one of them at a time, with the sizes and the sum that the manifest should have of it.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/sha256.h"
#include "folder.h"
#include "index/index.h"
#include "index/index_verification.h"
#include "index/index_writer.h"
#include "index/search/search.h"
#include "pipit/error.h"

namespace {

namespace fs = std::filesystem;

constexpr const char* kOriginal = PIPIT_FUZZ_DATA "/index";
constexpr std::string_view kSum = ",\n  \"sha256\": \"";

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void write(const fs::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

/// Which file of the index a content may be, by what it looks like.
std::string place_of(const std::string& content) {
  const auto has = [&](const char* text) { return content.find(text) != std::string::npos; };
  if (content.starts_with("\x93NUMPY")) {
    const std::string accelerator = "accelerators/000003/";
    if (has("|i1")) return accelerator + "codes.npy";
    if (has("<i8")) return "segments/000002/removed-000004.npy";
    if (has("<i4")) return accelerator + (has("starts") || content.size() < 1000 ? "starts.npy" : "links.npy");
    return content.size() < 400 ? accelerator + "scales.npy" : "segments/000002/vectors.npy";
  }
  if (has("pipit_index")) return "manifest.json";
  return has("digest") ? "segments/000002/items.jsonl" : "segments/000002/rows.jsonl";
}

/// The manifest with a file's new size, and a sum that fits.
std::string manifest_with(std::string body, const std::string& name, std::size_t size) {
  if (const auto sum = body.rfind(kSum); sum != std::string::npos) body.resize(sum);
  const std::string before = "\"" + name + "\": {\n";
  if (const auto at = body.find(before); at != std::string::npos) {
    const auto number = body.find("\"bytes\": ", at) + 9;
    body.replace(number, body.find(',', number) - number, std::to_string(size));
  }
  return body + std::string(kSum) + pipit::Sha256::of(body) + "\"\n}\n";
}

template <class Action>
void attempt(Action&& action) {
  try {
    action();
  } catch (const pipit::Error&) {
    // Refused, as it should be.
  }
}

void search(const fs::path& path) {
  const pipit::Index index = pipit::Index::open(path);
  attempt([&] { index.items(); });
  const auto dimension = static_cast<std::size_t>(index.settings().dimension);
  std::vector<float> query(dimension);
  for (std::size_t i = 0; i < dimension; ++i) query[i] = i % 3 == 0 ? 0.5F : -0.25F;
  for (const bool exact : {true, false}) {
    for (const auto unit : {pipit::AnswerUnit::kRow, pipit::AnswerUnit::kMoment, pipit::AnswerUnit::kItem}) {
      attempt([&] { pipit::Search(index, {.k = 3, .unit = unit, .exact = exact}).answers(query); });
    }
  }
}

void change(const fs::path& path) {
  pipit::IndexWriter writer(path);
  if (writer.existing() == nullptr) return;
  writer.go_on(writer.existing()->settings);
  writer.remove(std::vector<std::int64_t>{1});
  writer.compact();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string content(reinterpret_cast<const char*>(data), size);
  const fs::path path = fuzz::folder() / "x.index";
  fs::remove_all(path);
  fs::copy(kOriginal, path, fs::copy_options::recursive);
  const std::string place = place_of(content);
  const bool is_manifest = place == "manifest.json";
  if (!is_manifest) write(path / place, content);
  write(path / "manifest.json",
        manifest_with(is_manifest ? content : read(path / "manifest.json"), fs::path(place).filename(), size));
  attempt([&] { search(path); });
  attempt([&] { pipit::verify_index(path); });
  attempt([&] { change(path); });
  return 0;
}
