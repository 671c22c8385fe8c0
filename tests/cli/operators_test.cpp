// pipit operators, pipit inspect, pipit plugin signature.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "scene.h"

using test::Outcome;
using test::Scene;

namespace {

const std::filesystem::path kBroken = PIPIT_BROKEN_MODULES;
const std::string kBrokenPath = kBroken.parent_path().string();

}  // namespace

TEST_CASE("operators: each is listed with version and summary") {
  const Scene scene;
  const Outcome outcome = scene.run({"operators"});
  CHECK(outcome.out.find("test/text.upper") != std::string::npos);
  CHECK(outcome.out.find("  1.0.0    counts a letter in a text\n") != std::string::npos);
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
}

TEST_CASE("operators: what cannot run is listed with its reason and none is loaded") {
  const Scene scene;
  const Outcome outcome = scene.run({"operators", "--operator-path", kBrokenPath, "--json"});
  CHECK_MESSAGE(outcome.status == 0, "a module that throws when loaded does no harm");
  std::map<std::string, nlohmann::json> by_name;
  for (const auto& one : nlohmann::json::parse(outcome.out)) by_name[one.at("name")] = one;
  CHECK(
      by_name.at("broken.abi_major").at("error") ==
      (kBroken / "abi_major.so").string() +
          ": built for plugin ABI 2.1, this runtime has 1.2; rebuild it against this runtime, or use a newer runtime");
  CHECK(by_name.at("broken.no_note").at("error") ==
        (kBroken / "no_note.so").string() +
            ": is not a pipit operator: it has no pipit note; PIPIT_OPERATOR(…) in its source writes one");
  CHECK(by_name.at("broken.other_name").at("error") == (kBroken / "other_name.so").string() +
                                                           ": is operator 'broken.its_own_name', its path makes it "
                                                           "'broken.other_name'; rename the file or the operator");
  CHECK(by_name.at("broken.throws").at("summary") == "broken on purpose");
  CHECK(by_name.at("test/text.upper").at("abi") == "1.2");
  CHECK(by_name.at("test/text.upper").at("libtorch") == "none");
}

TEST_CASE("operators: one whose static constructor throws ends the process that loads it") {
  const Scene scene;
  const Outcome outcome = scene.run({"inspect", "broken.throws", "--operator-path", kBrokenPath});
  CHECK(outcome.out == "");
  CHECK(outcome.err.ends_with(
      "operator 'broken.throws' ended the process while it was loaded: signal SIGABRT (abort)\n"));
  CHECK(outcome.status == 3);
}

TEST_CASE("inspect: ports and arguments are told") {
  const Scene scene;
  const Outcome outcome = scene.run({"inspect", "test/text.upper"});
  const std::string file = std::string(PIPIT_TEST_OPERATORS) + "/test/text/upper.so";
  CHECK(outcome.out == "test/text.upper 1.0.0: for tests\n" + file +
                           "\nUpper-cases a text.\n\n"
                           "  in   text: string\n         any text\n"
                           "  out  text: string\n         the same in capitals\n\n"
                           "arguments\n"
                           "  suffix: string = \n         is put behind\n"
                           "  times: int = 1\n         how often (also: args.times)\n"
                           "  style: enum(plain|loud) = plain\n         loud adds an exclamation mark\n"
                           "  file: path = null\n         is put behind too\n\n"
                           "state: none; LibTorch: none; plugin ABI 1.2\n");
  CHECK(outcome.status == 0);
}

TEST_CASE("inspect: counts of rows and required arguments are told") {
  const Scene scene;
  CHECK(scene.run({"inspect", "test/text.join"}).out.find("  in   words: string  (a window of rows)\n") !=
        std::string::npos);
  CHECK(
      scene.run({"inspect", "test/text.words"}).out.find("  out  word: string  (any number of rows for each row)\n") !=
      std::string::npos);
  CHECK(scene.run({"inspect", "test/text.length"}).out.find("  in   text: string  (all rows, one result)\n") !=
        std::string::npos);
  CHECK(scene.run({"inspect", "test/text.rogue"})
            .out.find("  how: enum(none|two|type|complex|constructor|slow|good), required\n") != std::string::npos);
  CHECK(scene.run({"inspect", "test/text.join"}).out.find("\narguments: none\n") != std::string::npos);
}

TEST_CASE("inspect: JSON holds what the text does") {
  const Scene scene;
  const auto json = nlohmann::json::parse(scene.run({"inspect", "test/text.upper", "--json"}).out);
  CHECK(json.at("name") == "test/text.upper");
  CHECK(json.at("state") == "stateless");
  CHECK(json.at("arguments")[1].at("alias") == "args.times");
  CHECK(json.at("variants")[0].at("inputs")[0].at("type") == "string");
}

TEST_CASE("inspect: names that are not there and modules that are broken are told") {
  const Scene scene;
  const auto installed = std::string(PIPIT_BUILD_DIR "/lib/pipit/operators");
  const Outcome unknown = scene.run({"inspect", "test/text.uper", "--operator-path", "here"});
  CHECK(unknown.err ==
        "no operator 'test/text.uper'; did you mean 'test/text.upper'? searched: 'here' (does not "
        "exist), '" +
            std::string(PIPIT_TEST_OPERATORS) + "', '" + installed +
            (std::filesystem::exists(installed) ? "'\n" : "' (does not exist)\n"));
  CHECK(unknown.status == 2);
  const Outcome broken = scene.run({"inspect", "broken.no_entry", "--operator-path", kBrokenPath});
  CHECK(broken.err == (kBroken / "no_entry.so").string() +
                          ": exports no 'pipit_operator_entry'; PIPIT_OPERATOR(…) in its source makes one\n");
  CHECK(broken.status == 2);
}

TEST_CASE("plugin: the signature is printed as the build stores it") {
  const Scene scene;
  const Outcome outcome =
      scene.run({"plugin", "signature", std::string(PIPIT_TEST_OPERATORS) + "/acme/text/letters.so"});
  CHECK(nlohmann::json::parse(outcome.out).at("doc") == "Counts a letter.");
  CHECK(outcome.status == 0);
  const Outcome wrong = scene.run({"plugin", "nonsense"});
  CHECK(wrong.err == "pipit: plugin has no command 'nonsense' (pipit plugin --help lists them)\n");
  CHECK(wrong.status == 2);
}
