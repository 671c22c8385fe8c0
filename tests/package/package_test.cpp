#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

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
const std::string kPluginFolder = PIPIT_PLUGIN_FOLDER;
const std::string kPluginModule = kPluginFolder + "/acme/text/shorten.so";
const std::string kPluginSource = PIPIT_SOURCE_DIR "/plugins/template";
const std::string kWithPlugin = " --operator-path " + kPluginFolder;
const std::string kClip = PIPIT_TEST_DATA "/three_scenes.mp4";

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
  CHECK(json::parse(outcome.out).at(0) == json{{"name", "acme/text.shorten"},
                                               {"file", kPluginModule},
                                               {"version", "1.0.0"},
                                               {"summary", "cuts a text"},
                                               {"abi", "1.0"},
                                               {"libtorch", "none"}});
}

TEST_CASE("package: a plugin is unknown when its folder is not on the operator path") {
  const Outcome outcome = shell(kProgram + " check " + kPluginSource + "/shorten.yaml");
  CHECK(outcome.status == 2);
  CHECK(outcome.err == kPluginSource + "/shorten.yaml:6: no operator 'acme/text.shorten'; searched: '" + kPrefix +
                           "/lib/pipit/operators'\n");
}

TEST_CASE("package: pipit inspect prints a plugin") {
  const Outcome outcome = shell(kProgram + " inspect acme/text.shorten" + kWithPlugin);
  CHECK(outcome.status == 0);
  CHECK(outcome.out == "acme/text.shorten 1.0.0: cuts a text\n" + kPluginModule +
                           "\n"
                           "Cuts a text to a number of bytes.\n"
                           "\n"
                           "  in   text: string\n"
                           "         any text\n"
                           "  out  text: string\n"
                           "         its beginning\n"
                           "\n"
                           "arguments\n"
                           "  bytes: int = 80\n"
                           "         at most so many\n"
                           "\n"
                           "state: none; LibTorch: none; plugin ABI 1.0\n");
}

TEST_CASE("plugin: an installed operator runs in a pipeline") {
  const Outcome outcome =
      shell(kProgram + " run " + kPluginSource + "/shorten.yaml --input text='a text that is too long'" + kWithPlugin);
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  CHECK(outcome.out == "{\"item\":0,\"text\":\"a text tha\"}\n");
}

TEST_CASE("plugin: arguments out of range are refused before anything runs") {
  const Outcome outcome =
      shell(kProgram + " run " + kPluginSource + "/shorten.yaml --input text=a --set shorten.bytes=-1" + kWithPlugin);
  CHECK(outcome.status == 2);
  CHECK(outcome.out == "");
  CHECK(outcome.err == kPluginSource + "/shorten.yaml:6: node 'shorten': bytes must be at least 0, found -1\n");
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
