// pipit eval: tables and ranks of vectors.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "scene.h"

using test::Outcome;
using test::Scene;

namespace {

const char* const kTexts =
    "{\"item\":0,\"text\":\"right\",\"vec\":[1,0]}\n{\"item\":1,\"text\":\"up\",\"vec\":[0,2]}\n"
    "{\"item\":2,\"text\":\"both\",\"vec\":[1,1]}\n";
const char* const kVideos =
    "{\"item\":0,\"path\":\"r.mp4\",\"vec\":[3,0]}\n{\"item\":1,\"path\":\"caf\\udce9.mp4\",\"vec\":[0,1]}\n"
    "{\"item\":2,\"path\":\"b.mp4\",\"vec\":[4,3]}\n";

}  // namespace

TEST_CASE("eval: a table of every text against every video") {
  const Scene scene;
  scene.write("t.jsonl", kTexts);
  scene.write("v.jsonl", kVideos);
  const Outcome outcome = scene.run({"eval", "similarity", "t.jsonl", "v.jsonl"});
  const std::string caption(39, ' ');
  CHECK(outcome.out == "[1] r.mp4\n[2] caf\xe9.mp4\n[3] b.mp4\n\n" + std::string(44, ' ') +
                           "    [1]     [2]     [3]   best\n"
                           "right" +
                           caption +
                           "  1.000*  0.000   0.800   [1]\n"
                           "up   " +
                           caption +
                           "  0.000   1.000*  0.600   [2]\n"
                           "both " +
                           caption + "  0.707   0.707   0.990*  [3]\n");
  CHECK(outcome.status == 0);
}

TEST_CASE("eval: the nearest of each row are listed and given as JSON") {
  const Scene scene;
  scene.write("t.jsonl", kTexts);
  scene.write("v.jsonl", kVideos);
  CHECK(scene.run({"eval", "similarity", "t.jsonl", "v.jsonl", "--top", "2"}).out ==
        "right\n  1.000  r.mp4\n  0.800  b.mp4\nup\n  1.000  caf\xe9.mp4\n  0.600  b.mp4\n"
        "both\n  0.990  b.mp4\n  0.707  r.mp4\n");
  const Outcome json = scene.run({"eval", "similarity", "t.jsonl", "v.jsonl", "--top", "1", "--json"});
  CHECK(json.out.starts_with(
      "[\n  {\n    \"query\": \"right\",\n    \"best\": [\n      {\n        \"answer\": \"r.mp4\",\n"
      "        \"row\": 0,\n        \"similarity\": 1.0\n      }\n    ]\n  },\n"));
  const Outcome none = scene.run({"eval", "similarity", "t.jsonl", "v.jsonl", "--top", "0"});
  CHECK(none.err == "pipit: --top takes a number of at least 1, found 0\n");
  CHECK(none.status == 2);
}

TEST_CASE("eval: a table that has no room on a terminal is a list") {
  const Scene scene;
  scene.write("t.jsonl", kTexts);
  scene.write("v.jsonl", kVideos);
  const auto shown = [&](int columns, const std::string& texts) {
    return scene
        .shell("script -qec \"stty cols " + std::to_string(columns) + "; $PIPIT eval similarity " + texts +
               " v.jsonl\" /dev/null </dev/null | tr -d '\\r'")
        .out;
  };
  CHECK(shown(30, "t.jsonl").starts_with("right\n  1.000  r.mp4\n  0.800  b.mp4\n  0.000  caf"));
  scene.write("long.jsonl", "{\"item\":0,\"text\":\"" + std::string(100, 'x') + "\",\"vec\":[1,0]}\n");
  CHECK(shown(60, "long.jsonl").ends_with("\n" + std::string(27, 'x') + "…  1.000*  0.000   0.800   [1]\n"));
  CHECK(shown(20, "long.jsonl").starts_with(std::string(19, 'x') + "…\n"));
}

TEST_CASE("eval: ranks of the pairs") {
  const Scene scene;
  scene.write("t.jsonl", kTexts);
  scene.write("v.jsonl", kVideos);
  CHECK(scene.run({"eval", "retrieval", "t.jsonl", "v.jsonl"}).out ==
        "                    n    R@1    R@5   R@10  median    mean\n"
        "text to video       3  100.0  100.0  100.0     1.0     1.0\n"
        "video to text       3  100.0  100.0  100.0     1.0     1.0\n");
  const Outcome json = scene.run({"eval", "retrieval", "t.jsonl", "v.jsonl", "--json"});
  CHECK(json.out.starts_with("{\n  \"text_to_video\": {\n    \"n\": 3,\n    \"R@1\": 100.0,\n"));
  scene.write("few.jsonl", "{\"item\":0,\"vec\":[1,0]}\n{\"item\":1,\"error\":{}}\n");
  const Outcome few = scene.run({"eval", "retrieval", "few.jsonl", "v.jsonl"});
  CHECK(few.err == "line i of both files must belong together: 1 texts (1 failed), 3 videos (0 failed)\n");
  CHECK(few.status == 2);
}

TEST_CASE("eval: rows of one item are told apart in lines and in arrays") {
  const Scene scene;
  scene.write("words.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: split, op: test/text.words, in: text, out: word}\n"
              "  - {name: codes, op: test/text.codes, in: word, out: codes}\noutputs: [text, codes]\n");
  const std::string items = "{\"text\":\"ab cd\"}\n{\"text\":\"ef\"}\n";
  const std::string expected =
      "ab cd [0]                    2 numbers, length 138.029053: 97.1000 98.1000 …\n"
      "ab cd [1]                    2 numbers, length 140.857444: 99.1000 100.1000 …\n"
      "ef                           2 numbers, length 143.685836: 101.1000 102.1000 …\n";
  for (const std::string output : {"c.npy", "c.jsonl"}) {
    CHECK(scene.run({"run", "words.yaml", "--inputs", "-", "--output", output}, items).status == 0);
    CHECK(scene.run({"eval", "vectors", output}).out == expected);
  }
  std::filesystem::remove(scene.folder() + "/c.npy.jsonl");
  CHECK(scene.run({"eval", "vectors", "c.npy"}).out.starts_with("row 0                        2 numbers, "));
}

TEST_CASE("eval: files that are none of a run are told") {
  const Scene scene;
  scene.write("x.jsonl", "text\n");
  const Outcome text = scene.run({"eval", "vectors", "x.jsonl"});
  CHECK(
      text.err ==
      "x.jsonl:1: expected a JSON object, as pipit run writes them; the line is not JSON at byte 1: expected a value, "
      "found 't'\n");
  CHECK(text.status == 2);
  scene.write("y.jsonl", "{\"item\":0,\"a\":[1],\"b\":[2]}\n");
  CHECK(scene.run({"eval", "vectors", "y.jsonl"}).err ==
        "y.jsonl: expected one field that is a list of numbers, found 'a' and 'b'; name it with --column\n");
  CHECK(scene.run({"eval", "vectors", "y.jsonl", "--column", "b"}).status == 0);
  const Outcome one = scene.run({"eval", "similarity", "y.jsonl"});
  CHECK(
      one.err ==
      "pipit: eval similarity takes 2 files, found 1; usage: pipit eval similarity TEXTS VIDEOS [--top K] [--json]\n");
  CHECK(one.status == 2);
}
