// Every command tells what it does when asked.
#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "scene.h"

using test::Outcome;
using test::Scene;
using test::Words;

TEST_CASE("help: every command has it") {
  const Scene scene;
  for (const std::string command :
       {"run",          "check",        "operators",        "inspect",        "search",          "index",
        "index info",   "index failed", "index verify",     "index remove",   "index compact",   "index export",
        "plugin",       "plugin test",  "plugin signature", "eval",           "eval retrieval",  "eval similarity",
        "eval vectors", "weights",      "weights inspect",  "weights verify", "weights convert", "weights quantize",
        "weights cache"}) {
    for (const std::string help : {"--help", "-h"}) {
      Words words;
      std::istringstream parts(command + " " + help);
      for (std::string word; parts >> word;) words.push_back(word);
      const Outcome outcome = scene.run(words);
      CHECK(outcome.out.starts_with("usage: pipit " + command + " "));
      CHECK(outcome.err == "");
      CHECK(outcome.status == 0);
    }
  }
  for (const Words& words : {Words{"--help"}, Words{"help"}, Words{"-h"}}) {
    CHECK(scene.run(words).out.starts_with("usage: pipit COMMAND "));
  }
}

TEST_CASE("help: a command without its word tells what there is") {
  const Scene scene;
  for (const std::string command : {"plugin", "eval", "weights", "index"}) {
    const Outcome bare = scene.run({command});
    CHECK(bare.err.starts_with("usage: pipit " + command + " COMMAND "));
    CHECK(bare.out == "");
    CHECK(bare.status == 2);
    const Outcome wrong = scene.run({command, "nonsense"});
    CHECK(wrong.err == "pipit: " + command + " has no command 'nonsense' (pipit " + command + " --help lists them)\n");
    CHECK(wrong.status == 2);
  }
}

TEST_CASE("help: an argument that is missing is named") {
  const Scene scene;
  CHECK(scene.run({"inspect"}).err ==
        "pipit: NAME is missing; usage: pipit inspect NAME [--operator-path DIR]… [--json]\n");
  CHECK(scene.run({"weights", "quantize", "a", "b"}).err ==
        "pipit: --bits is missing; usage: pipit weights quantize FILE OUT --bits 8|4\n");
}
