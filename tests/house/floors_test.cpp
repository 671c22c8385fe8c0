// The floors of the house: a room includes itself and the rooms that it stands
// on, nothing else.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Room {
  const char* folder;                  // from the root of the project
  std::vector<std::string> stands_on;  // folders, whose own floors count too
};

// The same picture as in docs/architecture.md, from the ground up.
const std::vector<Room> kRooms = {
    {"framework/base", {}},
    {"framework/value", {"framework/base"}},
    {"framework/module", {"framework/value"}},
    {"framework/isolation", {"framework/module"}},
    {"framework/spec", {"framework/value"}},
    {"framework/graph", {"framework/spec", "framework/module"}},
    {"framework/plan", {"framework/graph"}},
    {"framework/runtime/stream", {"framework/spec"}},
    {"framework/runtime", {"framework/plan", "framework/isolation", "framework/runtime/stream"}},
    {"framework/plugin_kit", {"framework/runtime"}},
    {"framework/weights/files", {"framework/base"}},
    {"framework/weights/formats", {"framework/weights/files"}},
    {"framework/weights/numbers", {"framework/weights/formats"}},
    {"framework/weights/config", {"framework/weights/files"}},
    {"framework/weights/clip", {"framework/weights/numbers", "framework/weights/config"}},
    {"framework/weights/convert", {"framework/weights/clip"}},
    {"framework/weights", {"framework/weights/convert"}},
    {"framework/index", {"framework/value"}},
    {"framework/search", {"framework/runtime", "framework/index"}},
    {"framework/server/http", {"framework/base", "framework/module"}},
    {"framework/server", {"framework/search", "framework/server/http"}},
    {"framework/cli", {"framework/plugin_kit", "framework/weights", "framework/server"}},
    {"operators/ann_search", {"framework/index"}},
    {"framework/python", {}},  // a host: public headers alone
    {"operators/media", {}},
    {"operators/clip", {"framework/base"}},  // what its library exports
    {"operators/clip/text", {"operators/clip"}},
    {"operators/clip/picture", {"operators/clip"}},
    {"operators/clip/kernels", {"operators/clip"}},
    {"operators/clip/loading", {"operators/clip/kernels"}},
    {"operators/clip/model", {"operators/clip/loading", "operators/clip/picture", "operators/clip/text"}},
    {"operators/clip/export", {"operators/clip/model"}},
    {"operators/clip/node", {"operators/clip/model"}},
    {"operators", {"operators/media", "operators/clip/node"}},
};

// What only some rooms may know: an include that begins so is allowed in these
// folders alone.
const std::map<std::string, std::vector<std::string>> kGuests = {
    {"<boost/program_options", {"framework/cli"}},
    {"<boost/dll", {"framework/base"}},
    {"<boost/asio", {"framework/server/http"}},
    {"<boost/beast", {"framework/server/http"}},
    {"<yaml-cpp", {"framework/spec"}},
    {"<hnswlib", {"framework/index/accelerator"}},
    {"<nanobind", {"framework/python"}},
    {"<libav", {"operators/media"}},
    {"<libsw", {"operators/media"}},
    {"<ATen", {"operators/clip", "operators/image_text_embedding", "operators/video_text_embedding"}},
    {"<torch", {"operators/clip"}},
    {"<c10", {"operators/clip"}},
    {"\"pipit/weights/", {"framework/weights", "framework/cli/weights", "operators/clip"}},
};

const fs::path kRoot = PIPIT_SOURCE_DIR;

bool is_source(const fs::path& file) {
  const std::string ending = file.extension().string();
  return ending == ".cpp" || ending == ".h" || ending == ".c";
}

bool lies_in(const std::string& file, const std::string& folder) {
  return file.starts_with(folder + "/");
}

/// The innermost room that a file lies in; none: a public header, or no room.
const Room* room_of(const std::string& file) {
  const Room* innermost = nullptr;
  for (const Room& room : kRooms) {
    if (lies_in(file, room.folder) &&
        (innermost == nullptr || std::string(room.folder).size() > std::string(innermost->folder).size())) {
      innermost = &room;
    }
  }
  return innermost;
}

const Room& room_named(const std::string& folder) {
  const auto found = std::ranges::find_if(kRooms, [&](const Room& room) { return room.folder == folder; });
  REQUIRE_MESSAGE(found != kRooms.end(), folder);
  return *found;
}

bool stands_on(const Room& room, const Room& other) {
  if (&room == &other) return true;
  return std::ranges::any_of(room.stands_on,
                             [&](const std::string& below) { return stands_on(room_named(below), other); });
}

/// The file of the project that an include means; none: a public header or a
/// library's.
std::optional<std::string> project_file(const std::string& from, const std::string& include) {
  for (const fs::path& folder :
       {kRoot / fs::path(from).parent_path(), kRoot / "framework", kRoot / "operators", kRoot / "tests/support"}) {
    const fs::path file = (folder / include).lexically_normal();
    if (fs::exists(file)) return file.lexically_relative(kRoot).string();
  }
  return std::nullopt;
}

/// Calls `visit` with each source of the framework and the operators and each
/// of its includes, as written.
template <class Visit>
void visit_includes(Visit&& visit) {
  const std::regex pattern(R"(^\s*#\s*include\s*(["<][^">]+)[">])");
  for (const char* top : {"framework", "operators"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / top)) {
      if (!entry.is_regular_file() || !is_source(entry.path())) continue;
      const std::string file = entry.path().lexically_relative(kRoot).string();
      std::ifstream lines(entry.path());
      std::smatch match;
      for (std::string line; std::getline(lines, line);) {
        if (std::regex_search(line, match, pattern)) visit(file, match[1].str());
      }
    }
  }
}

}  // namespace

TEST_CASE("house: a room includes only what it stands on") {
  int seen = 0;
  visit_includes([&](const std::string& file, const std::string& include) {
    if (include[0] != '"') return;
    const auto other = project_file(file, include.substr(1));
    if (!other) return;
    const Room* from = room_of(file);
    const Room* to = room_of(*other);
    if (to == nullptr) return;
    INFO(file, " includes ", *other);
    REQUIRE(from != nullptr);
    CHECK(stands_on(*from, *to));
    ++seen;
  });
  CHECK(seen > 400);
}

TEST_CASE("house: libraries are known only where they belong") {
  visit_includes([&](const std::string& file, const std::string& include) {
    for (const auto& [beginning, folders] : kGuests) {
      if (!include.starts_with(beginning) || lies_in(file, "framework/include") ||
          lies_in(file, "framework/weights/include")) {
        continue;
      }
      INFO(file, " includes ", include);
      CHECK(std::ranges::any_of(folders, [&file = file](const std::string& folder) { return lies_in(file, folder); }));
    }
  });
}

TEST_CASE("house: no folder is a hall without corridors") {
  std::map<std::string, int> files;
  for (const char* top : {"framework", "operators", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / top)) {
      if (entry.is_regular_file() && is_source(entry.path()))
        ++files[entry.path().parent_path().lexically_relative(kRoot).string()];
    }
  }
  files.erase("tests/support/operators");  // ten lines each, found by the name that a test's pipeline says
  for (const auto& [folder, count] : files) {
    INFO(folder, " has ", count, " sources side by side");
    CHECK(count <= 25);
  }
}
