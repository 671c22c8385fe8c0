#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "program.h"

namespace pipit::test {
namespace {

using nlohmann::json;
using ::test::Outcome;
using ::test::shell;

const std::string kPrefix = PIPIT_PREFIX;
const std::string kProgram = kPrefix + "/bin/pipit";
const std::string kPipelines = kPrefix + "/share/pipit/pipelines";
const std::string kWeights = kPipelines + "/demo/clip4clip-shapes.safetensors";
const std::string kPluginFolder = PIPIT_PLUGIN_FOLDER;
const std::string kPluginModule = kPluginFolder + "/acme/video_filter/shot_change.so";
const std::string kPluginSource = PIPIT_SOURCE_DIR "/plugins/shot_change";
const std::string kWithPlugin = " --operator-path " + kPluginFolder;
// 50 frames: cuts at 16 and 36, a white flash at 21.
const std::string kClip = PIPIT_TEST_DATA "/three_scenes.mp4";

/// The result line of plugins/shot_change/starts.yaml for the clip.
std::string starts(const std::vector<int>& first_frames) {
  std::vector<bool> first(50);
  for (int frame : first_frames) first[static_cast<std::size_t>(frame)] = true;
  return "{\"item\":0,\"first\":" + json(first).dump() + "}\n";
}

}  // namespace

TEST_CASE("package: a shipped pipeline runs in the moved tree with its default weights") {
  const Outcome outcome = shell(kProgram + " run " + kPipelines + "/text_embedding.yaml --input text='a red circle'");
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  CHECK(json::parse(outcome.out).at("vec").size() == 128);
}

TEST_CASE("package: a plugin is listed when its folder is on the operator path") {
  const Outcome outcome = shell(kProgram + " operators --json" + kWithPlugin);
  CHECK(outcome.status == 0);
  CHECK(json::parse(outcome.out).at(0) == json{{"name", "acme/video_filter.shot_change"},
                                               {"file", kPluginModule},
                                               {"version", "1.0.0"},
                                               {"summary", "finds the first frame of each shot"},
                                               {"abi", "1.1"},
                                               {"libtorch", "none"}});
}

TEST_CASE("package: a plugin is unknown when its folder is not on the operator path") {
  const Outcome outcome = shell(kProgram + " check " + kPluginSource + "/starts.yaml");
  CHECK(outcome.status == 2);
  CHECK(outcome.err == kPluginSource + "/starts.yaml:8: no operator 'acme/video_filter.shot_change'; searched: '" +
                           kPrefix + "/lib/pipit/operators'\n");
}

TEST_CASE("package: pipit inspect prints a plugin") {
  const Outcome outcome = shell(kProgram + " inspect acme/video_filter.shot_change" + kWithPlugin);
  CHECK(outcome.status == 0);
  CHECK(outcome.out ==
        "acme/video_filter.shot_change 1.0.0: finds the first frame of each shot\n" + kPluginModule +
            "\n"
            "Whether a frame is the first of its shot: its colours differ from those of the frame before by more than "
            "`threshold`. The first frame begins a shot. Finds cuts; fades and dissolves pass in steps that are too "
            "small. As a filter it keeps one frame a shot.\n"
            "\n"
            "  in   frame: frame\n"
            "         the frames of one video, in order\n"
            "  out  first: bool\n"
            "         true for the first frame of each shot\n"
            "\n"
            "arguments\n"
            "  threshold: float = 0.2\n"
            "         from 0 to 1\n"
            "         distance of two colour histograms, above which there is a cut; from 0 (the same colours) to 1 "
            "(none in common)\n"
            "  min_frames: int = 1\n"
            "         at least 1\n"
            "         the least length of a shot, in frames that arrive here; a cut that comes sooner is passed over, "
            "so that a flash is not two cuts\n"
            "\n"
            "state: per item; LibTorch: none; plugin ABI 1.1\n");
}

TEST_CASE("plugin: shot_change marks the first frame of each shot") {
  const Outcome outcome =
      shell(kProgram + " run " + kPluginSource + "/starts.yaml --input path=" + kClip + kWithPlugin);
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  CHECK(outcome.out == starts({0, 16, 21, 22, 36}));
}

TEST_CASE("plugin: shot_change begins anew with each item") {
  const Outcome outcome =
      shell("printf '{\"path\":\"" + kClip + "\"}\\n{\"path\":\"" + kClip + "\"}\\n' | " + kProgram + " run " +
            kPluginSource + "/starts.yaml --inputs - --set shots.min_frames=12" + kWithPlugin);
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  std::string both = starts({0, 16, 36}) + starts({0, 16, 36});
  both[both.find('\n') + 9] = '1';  // "item"
  CHECK(outcome.out == both);
}

TEST_CASE("plugin: shot_change passes over a cut that comes sooner than min_frames") {
  const Outcome outcome = shell(kProgram + " run " + kPluginSource + "/starts.yaml --input path=" + kClip +
                                " --set shots.min_frames=12" + kWithPlugin);
  CHECK(outcome.out == starts({0, 16, 36}));
}

TEST_CASE("plugin: shot_change finds nothing above the largest distance") {
  const Outcome outcome = shell(kProgram + " run " + kPluginSource + "/starts.yaml --input path=" + kClip +
                                " --set shots.threshold=1" + kWithPlugin);
  CHECK(outcome.out == starts({0}));
}

TEST_CASE("plugin: shot_change refuses arguments out of range before anything runs") {
  const std::string run = kProgram + " run " + kPluginSource + "/starts.yaml --input path=" + kClip + kWithPlugin;
  const Outcome threshold = shell(run + " --set shots.threshold=1.5");
  CHECK(threshold.status == 2);
  CHECK(threshold.out == "");
  CHECK(threshold.err ==
        kPluginSource + "/starts.yaml:8: node 'shots': argument 'threshold' takes a float from 0 to 1, found 1.5\n");
  const Outcome min_frames = shell(run + " --set shots.min_frames=0");
  CHECK(min_frames.status == 2);
  CHECK(min_frames.err ==
        kPluginSource + "/starts.yaml:8: node 'shots': argument 'min_frames' takes an int of at least 1, found 0\n");
}

TEST_CASE("plugin: shot_change as a filter leaves one frame a shot") {
  const std::string stats = PIPIT_BUILD_DIR "/tests/package/stats.json";
  const Outcome outcome = shell(kProgram + " run " + kPluginSource + "/shots.yaml --input path=" + kClip +
                                " --set vars.weights=" + kWeights + " --stats " + stats + kWithPlugin);
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  CHECK(json::parse(outcome.out).at("vec").size() == 128);
  const json nodes = json::parse(shell("cat " + stats).out).at("nodes");
  CHECK(nodes.at(1).at("name") == "shots");
  CHECK(nodes.at(1).at("rows_in") == 50);
  CHECK(nodes.at(1).at("rows_out") == 3);
}

TEST_CASE("host: a program built against the package takes results and errors in order") {
  const Outcome outcome =
      shell(PIPIT_HOST " " + kPipelines + "/video_embedding.yaml " + kClip + " missing.mp4 " + kClip);
  CHECK(outcome.status == 1);
  CHECK(outcome.out == kClip + ": a vector of 128 numbers\n" + kClip + ": a vector of 128 numbers\n");
  CHECK(outcome.err == "missing.mp4: not_found: video 'missing.mp4' does not exist\n");
}

TEST_CASE("host: a pipeline that cannot be opened is an exception") {
  const Outcome outcome = shell(PIPIT_HOST " missing.yaml");
  CHECK(outcome.status == 2);
  CHECK(outcome.out == "");
  CHECK(outcome.err == "not_found: cannot open pipeline 'missing.yaml': No such file or directory\n");
}

TEST_CASE("host: a program in C built against the package embeds sentences") {
  const Outcome outcome = shell(PIPIT_HOST_C " " + kPipelines + "/text_embedding.yaml 'a red circle' ''");
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  CHECK(outcome.out == "a red circle: a vector of 128 numbers\n: a vector of 128 numbers\n");
}

TEST_CASE("host: a program in C gets errors as values") {
  const Outcome outcome = shell(PIPIT_HOST_C " missing.yaml");
  CHECK(outcome.status == 2);
  CHECK(outcome.err == "not_found: cannot open pipeline 'missing.yaml': No such file or directory\n");
}

}  // namespace pipit::test
