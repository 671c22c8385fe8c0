#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
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
// For the shipped pipelines, in every program that is run here.
const int kWeightsGiven = setenv("PIPIT_WEIGHTS", kWeights.c_str(), 1);
const std::string kPluginFolder = PIPIT_PLUGIN_FOLDER;
const std::string kPluginModule = kPluginFolder + "/acme/text/shorten.so";
const std::string kPluginSource = PIPIT_SOURCE_DIR "/plugins/template";
const std::string kWithPlugin = " --operator-path " + kPluginFolder;
const std::string kClip = PIPIT_TEST_DATA "/three_scenes.mp4";

}  // namespace

TEST_CASE("package: a shipped pipeline runs in the moved tree with the weights that it names for trying out") {
  const std::string run = kProgram + " run " + kPipelines + "/text_embedding.yaml --input text='a red circle'";
  CHECK(shell("PIPIT_WEIGHTS= " + run).err ==
        kPipelines +
            "/text_embedding.yaml:5:17: no weights: give --set vars.weights=FILE or "
            "PIPIT_WEIGHTS=FILE; for trying out, " +
            kWeights +
            " is a toy model\n"
            "    vars: {weights: \"${PIPIT_WEIGHTS:?no weights: give --set "
            "vars.weights=FILE or PIPIT_WEIGHTS=FILE; fo…\n"
            "                    ^\n");
  const Outcome outcome = shell(run);
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  CHECK(json::parse(outcome.out).at("vec").size() == 128);
}

TEST_CASE("package: an install leaves a template of an operator and no headers of LibTorch") {
  CHECK(shell("ls " + kPrefix + "/share/pipit/plugins/template").out ==
        "CMakeLists.txt\nREADME.md\nshorten.cpp\nshorten.yaml\nshorten_test.cpp\n");
  CHECK(shell("find " + kPrefix + "/lib/pipit/libtorch -name '*.h'").out ==
        kPrefix + "/lib/pipit/libtorch/torch/include/torch/headeronly/version.h\n");
  CHECK(std::stoi(shell("find " + kPrefix + " -type f | wc -l").out) < 1000);
}

TEST_CASE("package: a plugin is listed when its folder is on the operator path") {
  const Outcome outcome = shell(kProgram + " operators --json" + kWithPlugin);
  CHECK(outcome.status == 0);
  CHECK(json::parse(outcome.out).at(0) == json{{"name", "acme/text.shorten"},
                                               {"file", kPluginModule},
                                               {"version", "1.0.0"},
                                               {"summary", "cuts a text"},
                                               {"abi", "1.2"},
                                               {"libtorch", "none"}});
}

TEST_CASE("package: a plugin is unknown when its folder is not on the operator path") {
  const Outcome outcome = shell(kProgram + " check " + kPluginSource + "/shorten.yaml");
  CHECK(outcome.status == 2);
  CHECK(outcome.err == kPluginSource + "/shorten.yaml:6:25: no operator 'acme/text.shorten'; searched: '" + kPrefix +
                           "/lib/pipit/operators'\n"
                           "      - {name: shorten, op: acme/text.shorten, in: text, out: text, args: {bytes: 10}}\n"
                           "                            ^\n");
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
                           "         at least 0\n"
                           "         at most so many\n"
                           "\n"
                           "state: none; LibTorch: none; plugin ABI 1.2\n");
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
  CHECK(outcome.err ==
        kPluginSource + "/shorten.yaml: node 'shorten': argument 'bytes' takes an int of at least 0, found -1\n");
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

TEST_CASE(
    "host: more clips than may be in flight and a pipeline without the output end in an error and not in a wait") {
  const ::test::TemporaryFolder folder;
  const std::string pipeline = folder.write(
      "p.yaml",
      "pipit: 1\ninputs: {path: string}\nnodes:\n"
      "  - {name: decode, op: video_decode.ffmpeg, in: path, out: frame, args: {sample_type: clip4clip_1fps}}\n"
      "outputs: [path, frame]\n");
  const Outcome outcome =
      shell("timeout 60 " PIPIT_HOST " " + pipeline + " $(yes " + kClip + " 2>/dev/null | head -n 600)");
  CHECK(outcome.out == "");
  CHECK(outcome.err == "not_found: no output 'vec'; the item has 'path', 'frame'\n");
  CHECK(outcome.status == 2);
}

TEST_CASE("host: a program built against the package serves until its input ends") {
  const ::test::TemporaryFolder folder;
  const Outcome outcome =
      shell("cd " + folder.path() + " && mkfifo input && { " PIPIT_HOST_SERVER " " + kPipelines +
            "/text_embedding.yaml 127.0.0.1:0 <input >address 2>log & } && exec 3>input && "
            "until [ -s address ]; do sleep 0.05; done && "
            "curl -s http://$(cat address)/v1/embeddings -H 'Content-Type: application/json' "
            "-d '{\"model\":\"mine\",\"input\":\"a red car\"}' | cut -c 1-60; exec 3>&-; wait $!; echo \" $?\"; "
            "grep -c '\"path\":\"/v1/embeddings\",\"status\":200' log");
  CHECK(outcome.out.starts_with("{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,"));
  CHECK(outcome.out.ends_with(" 0\n1\n"));
  CHECK(shell(PIPIT_HOST_SERVER " none.yaml 127.0.0.1:0").err ==
        "cannot open pipeline 'none.yaml': No such file or directory\n");
}

TEST_CASE("host: a program in C tells that a pipeline has no such output") {
  const ::test::TemporaryFolder folder;
  const std::string pipeline =
      folder.write("p.yaml",
                   "pipit: 1\ninputs: {text: string}\nnodes:\n"
                   "  - {name: embed, op: video_text_embedding.clip4clip, in: text, out: other, "
                   "args: {model_name: auto, weight_path: " +
                       kWeights + ", modality: text}}\noutputs: [text, other]\n");
  const Outcome outcome = shell(PIPIT_HOST_C " " + pipeline + " 'a red circle'");
  CHECK(outcome.out == "");
  CHECK(outcome.err == "a red circle: the pipeline has no output 'vec' that is one vector\n");
  CHECK(outcome.status == 1);
}

TEST_CASE("host: the compiler lines of the page build programs that run from anywhere") {
  std::vector<std::string> lines;
  std::istringstream page(::test::read_file(PIPIT_SOURCE_DIR "/docs/hosting.md"));
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("cc ") || line.starts_with("c++ ") || line.starts_with("export PKG_")) lines.push_back(line);
  }
  REQUIRE(lines.size() == 4);
  const std::string setting = lines.front();
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const ::test::TemporaryFolder folder;
    const bool c = lines[i].starts_with("cc ");
    folder.write(c ? "main.c" : "main.cpp",
                 ::test::read_file(PIPIT_HOST_SOURCES + std::string(c ? "/host_c/main.c" : "/host/main.cpp")));
    std::string command = "cd " + folder.path() + " && " + setting + " && " + lines[i];
    for (std::size_t at = 0; (at = command.find("/opt/pipit", at)) != std::string::npos;) {
      command.replace(at, std::string("/opt/pipit").size(), kPrefix);
      at += kPrefix.size();
    }
    CAPTURE(command);
    const Outcome built = shell(command);
    CHECK(built.err == "");
    REQUIRE(built.status == 0);
    const Outcome ran =
        c ? shell("cd / && " + folder.path() + "/host_c " + kPipelines + "/text_embedding.yaml 'a red circle'")
          : shell("cd / && " + folder.path() + "/host " + kPipelines + "/video_embedding.yaml " + kClip);
    CHECK(ran.err == "");
    CHECK(ran.out == (c ? std::string("a red circle") : kClip) + ": a vector of 128 numbers\n");
  }
}

TEST_CASE("host: Ctrl-C ends a host as the page shows") {
  const ::test::TemporaryFolder folder;
  const Outcome outcome =
      shell("cd " + folder.path() + " && PKG_CONFIG_PATH=" + kPrefix +
            "/lib/pkgconfig && export PKG_CONFIG_PATH && c++ -std=c++20 " PIPIT_HOST_SOURCES
            "/host/ctrl_c.cpp -o ctrl_c $(pkg-config --cflags --libs pipit) && ./ctrl_c " +
            kPipelines + "/video_embedding.yaml $(yes " + kClip +
            " 2>/dev/null | head -n 20000) >out & p=$!; until grep -qs embedded " + folder.path() +
            "/out; do sleep 0.05; done; "
            "kill -INT $(pgrep -P $p ctrl_c || echo $p); wait $p; echo status $?; grep -vc embedded " +
            folder.path() + "/out");
  CHECK(outcome.out == "status 130\n0\n");
}

TEST_CASE("host: Python gives what the program gives through ctypes") {
  if (shell("command -v python3").status != 0) {
    MESSAGE("there is no python3 to try it with");
    return;
  }
  const std::string file = kPrefix + "/share/doc/pipit/docs/examples/pipit_ctypes.py";
  const std::string pipeline = kPipelines + "/text_embedding.yaml";
  const Outcome expected = shell(kProgram + " run " + pipeline + " --input text='a red circle'");
  const Outcome outcome = shell("python3 " + file + " " + pipeline + " text='a red circle'");
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  CHECK(json::parse(outcome.out).at("text") == "a red circle");
  CHECK(json::parse(outcome.out).at("vec").get<std::vector<float>>() ==
        json::parse(expected.out).at("vec").get<std::vector<float>>());

  const ::test::TemporaryFolder folder;
  folder.write("many.py", R"(
import itertools, os, sys
from pipit_ctypes import Pipeline, PipitError
pipeline = Pipeline(sys.argv[1])
print(pipeline.outputs)
good = [r.item for r in pipeline.stream({"text": "a" * (n % 5)} for n in range(600)) if not r.error]
print(len(good), good == sorted(good))
try:
    print([r.item for r in pipeline.stream([{"text": "a"}])])
except PipitError as e:
    print(e.code, e)
with Pipeline(sys.argv[1]) as second:
    for result in second.stream({"text": "a"} for _ in itertools.count()):
        print(result.item, len(result["vec"]), result["text"])
        break
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            second.run(text="a")
        except PipitError as e:
            print(e.code, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
with Pipeline(sys.argv[1]) as third:
    for bad in ({"txt": "a"}, {"text": 7}, {"text": None}, {}):
        try:
            print(third.run(**bad))
        except PipitError as e:
            print(e.code, e)
try:
    Pipeline("missing.yaml")
except PipitError as e:
    print(e.code, e)
)");
  const Outcome many = shell("cd " + folder.path() + " && PYTHONPATH=" + kPrefix +
                             "/share/doc/pipit/docs/examples timeout 100 python3 many.py " + pipeline);
  CHECK(many.err == "");
  CHECK(many.out ==
        "['text', 'vec']\n600 True\n"
        "invalid_argument the pipeline has had its stream; open it again for another one\n"
        "0 128 a\nunavailable\n"
        "invalid_input no input 'txt' (the pipeline takes 'text'); did you mean 'text'?\n"
        "invalid_input input 'text' takes string, found int\n"
        "invalid_input input 'text' takes string, found null\n"
        "invalid_input input 'text' is missing; the pipeline takes 'text'\n"
        "not_found cannot open pipeline 'missing.yaml': No such file or directory\n");
}

TEST_CASE("host: a library that is opened by a relative name finds its operators after a change of folder") {
  if (shell("command -v python3").status != 0) return;
  const ::test::TemporaryFolder folder;
  folder.write("relative.py", R"(
import ctypes, os, sys
os.chdir(sys.argv[1] + "/lib")
library = ctypes.CDLL("./libpipit.so")
os.chdir("/")
library.pipit_error_message.restype = ctypes.c_char_p
library.pipit_error_message.argtypes = [ctypes.c_void_p]
library.pipit_parse.restype = ctypes.c_void_p
error = library.pipit_parse(b"pipit: 1\ninputs: {t: string}\nnodes:\n  - {name: n, op: no.such, in: t, out: u}\noutputs: [u]\n",
                            b".", None, ctypes.byref(ctypes.c_void_p()))
print(library.pipit_error_message(error).decode())
)");
  const Outcome outcome = shell("python3 " + folder.path() + "/relative.py " + kPrefix);
  CHECK(outcome.err == "");
  CHECK(outcome.out == "pipeline:4:19: no operator 'no.such'; searched: '" + kPrefix +
                           "/lib/pipit/operators'\n"
                           "      - {name: n, op: no.such, in: t, out: u}\n"
                           "                      ^\n");
}

TEST_CASE("host: a program in C gets errors as values") {
  const Outcome outcome = shell(PIPIT_HOST_C " missing.yaml");
  CHECK(outcome.status == 2);
  CHECK(outcome.err == "not_found: cannot open pipeline 'missing.yaml': No such file or directory\n");
}

}  // namespace pipit::test
