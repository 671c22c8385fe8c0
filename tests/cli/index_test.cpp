// pipit index: what an index holds, whether it is whole, what is taken out of it and what goes out of it.
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "scene.h"

using nlohmann::json;
using test::Outcome;
using test::Scene;
using test::Words;

namespace {

/// An index of three points, of which one failed.
class Points : public Scene {
 public:
  Points() {
    write("p.yaml",
          "pipit: 1\ninputs: {text: string}\nnodes:\n"
          "  - {name: point, op: test/text.point, in: text, out: vec, args: {space: A, size: 2}}\n"
          "outputs: [text, vec]\n");
    write("in.jsonl", "{\"text\":\"1 0\"}\n{\"text\":\"x\",\"id\":7}\n{\"text\":\"0 1\"}\n");
    CHECK(Scene::run({"run", "p.yaml", "--inputs", "in.jsonl", "--output", "x.index"}).status == 1);
  }

  Outcome index(Words words) const {
    words.insert(words.begin(), "index");
    return run(words);
  }
};

}  // namespace

TEST_CASE("index: info says what it holds") {
  const Points points;
  const std::string text = points.index({"info", "x.index"}).out;
  CHECK(
      text.starts_with("index: x.index\nspace: A\nvectors: 'vec', 2 numbers of float32\nrows: 2\nitems: 3, 1 "
                       "failed\nruns: 1\nasked by: vectors alone\nbytes: "));
  const json info = json::parse(points.index({"info", "x.index", "--json"}).out);
  CHECK(info["space"] == "A");
  CHECK(info["rows"] == 2);
  CHECK(info["failed"] == 1);
  CHECK(points.index({"info", "none.index"}).err == "index 'none.index' does not exist\n");
}

TEST_CASE("index: failed items are lines that can be inputs again") {
  const Points points;
  const Outcome failed = points.index({"failed", "x.index"});
  CHECK(failed.out ==
        "{\"item\":1,\"id\":7,\"text\":\"x\",\"error\":{\"node\":\"point\",\"code\":\"bad_text\",\"message\":\"'x' is "
        "not a number\"}}\n");
  points.write("again.jsonl", failed.out);
  const Outcome again = points.run({"run", "p.yaml", "--inputs", "again.jsonl"});
  CHECK(again.status == 1);
  CHECK(json::parse(again.out)["text"] == "x");
}

TEST_CASE("index: rows are removed by item and by field and their room is given back") {
  const Points points;
  CHECK(points.index({"remove", "x.index", "--item", "0", "--dry-run"}).out == "x.index: 1 row would be removed\n");
  CHECK(points.index({"remove", "x.index", "--item", "0"}).out == "x.index: 1 row removed\n");
  CHECK(points.index({"remove", "x.index", "--item", "0"}).out == "x.index: 0 rows removed\n");
  CHECK(points.index({"info", "x.index"}).out.find("rows: 1, 1 removed\n") != std::string::npos);
  CHECK(points.index({"remove", "x.index", "--where", "text=0 2"}).out == "x.index: 0 rows removed\n");
  const Outcome compact = points.index({"compact", "x.index"});
  CHECK(compact.out.starts_with("x.index: "));
  CHECK(compact.status == 0);
  CHECK(points.index({"info", "x.index"}).out.find("rows: 1\nitems: 2, 1 failed\n") != std::string::npos);
  CHECK(points.index({"remove", "x.index", "--where", "text=0 1"}).out == "x.index: 1 row removed\n");
  CHECK(points.index({"remove", "x.index"}).err == "pipit: nothing to remove: give --item N or --where FIELD=VALUE\n");
  CHECK(points.index({"remove", "x.index", "--item", "1", "--where", "a=b"}).err ==
        "pipit: --item and --where exclude each other\n");
  CHECK(points.index({"compact", "none.index"}).err == "index 'none.index' does not exist\n");
  CHECK(!points.exists("none.index"));
}

TEST_CASE("index: vectors and rows go out as arrays and as lines") {
  const Points points;
  CHECK(points.index({"export", "x.index", "o.npy"}).out == "o.npy: 2 rows\n");
  CHECK(points.read("o.npy.jsonl") ==
        "{\"row\":0,\"item\":0,\"text\":\"1 0\"}\n{\"row\":1,\"item\":2,\"text\":\"0 1\"}\n");
  CHECK(points.run({"search", "x.index", "--vectors", "o.npy", "-k", "1"}).out ==
        "1 0\n  1   1.000  1 0\n0 1\n  1   1.000  0 1\n");
  CHECK(points.index({"export", "x.index", "o.jsonl"}).status == 0);
  CHECK(points.read("o.jsonl") ==
        "{\"item\":0,\"text\":\"1 0\",\"vec\":[1,0]}\n{\"item\":2,\"text\":\"0 1\",\"vec\":[0,1]}\n");
  CHECK(points.index({"export", "x.index", "o.jsonl"}).err ==
        "pipit: OUT 'o.jsonl' is there; replace it by --overwrite, or name another file\n");
  CHECK(points.index({"export", "x.index", "o.jsonl", "--overwrite"}).status == 0);
  CHECK(points.index({"export", "x.index", "o.txt"}).err == "pipit: OUT ends with '.npy' or '.jsonl', found 'o.txt'\n");
}

TEST_CASE("index: damage is told with the file and what to do") {
  const Points points;
  const Outcome good = points.index({"verify", "x.index"});
  CHECK(good.out.starts_with("x.index: ok, 4 files, "));
  CHECK(good.status == 0);
  CHECK(points
            .shell("for f in x.index/segments/*/rows.jsonl; do printf x | dd of=$f bs=1 seek=3 conv=notrunc "
                   "2>/dev/null; done")
            .status == 0);
  const Outcome bad = points.index({"verify", "x.index"});
  CHECK(bad.out == "");
  CHECK(bad.err.starts_with("'x.index/segments/"));
  CHECK(bad.err.find("/rows.jsonl' has the SHA-256 sum ") != std::string::npos);
  CHECK(bad.err.ends_with(
      "\nindex 'x.index' is damaged; restore it from a copy, or make it anew with pipit run --overwrite\n"));
  CHECK(bad.status == 1);
}

namespace {

/// An index of 1,200 points on a circle that is asked with points.
class Circle : public Scene {
 public:
  Circle() {
    const std::string pipeline =
        "pipit: 1\ninputs: {text: string}\nnodes:\n"
        "  - {name: point, op: test/text.point, in: text, out: vec, args: {space: A, size: 2}}\n";
    write("ask.yaml", pipeline + "outputs: [vec]\n");
    write("p.yaml", pipeline + "outputs: [text, vec]\nindex: {vector: vec, text: ask.yaml}\n");
    std::string lines;
    for (int i = 0; i < 1200; ++i) lines += "{\"text\":\"" + point(i * 0.0052) + "\"}\n";
    write("in.jsonl", lines);
    write("queries.txt", point(0.1) + "\n" + point(2.5) + "\n");
    const Outcome made = run({"run", "p.yaml", "--inputs", "in.jsonl", "--output", "x.index"});
    CHECK(made.err == "");
  }

  static std::string point(double angle) {
    return std::to_string(std::cos(angle)) + " " + std::to_string(std::sin(angle));
  }
};

}  // namespace

TEST_CASE("index: tuning makes an accelerator that searches tell of") {
  const Circle circle;
  const Outcome tuned =
      circle.run({"index", "tune", "x.index", "--queries", "queries.txt", "--recall", "0.9", "-k", "3"});
  CHECK(tuned.err == "");
  CHECK(tuned.out.starts_with("x.index: an accelerator of 1200 rows, "));
  CHECK(tuned.out.find("queries: 2, answers to each: 3\n  rows looked at   found       time of one query\n") !=
        std::string::npos);
  const json info = json::parse(circle.run({"index", "info", "x.index", "--json"}).out);
  CHECK(info["accelerator"]["rows"] == 1200);
  CHECK(info["accelerator"]["k"] == 3);
  CHECK(info["accelerator"]["queries"] == 2);
  CHECK(info["accelerator"]["recall"] == 1.0);
  CHECK(circle.run({"index", "info", "x.index"})
            .out.find("accelerator: of 1200 rows, found 100.0 % of the right answers, 3 to a query\n") !=
        std::string::npos);

  const std::string query = Circle::point(0.1);
  const Outcome fast = circle.run({"search", "x.index", "--text", query, "-k", "3", "--json"});
  const Outcome exact = circle.run({"search", "x.index", "--text", query, "-k", "3", "--json", "--exact"});
  CHECK(fast.out == exact.out);
  CHECK(fast.err ==
        "searched by the index's accelerator, which found 100.0 % of the right answers when it was made; "
        "--exact looks at all rows\n");
  CHECK(exact.err == "");
  CHECK(circle.run({"search", "x.index", "--text", query, "--where", "text=" + query}).err ==
        "nothing in 'x.index' for '" + query + "': no row has what --where asks for\n");
}

TEST_CASE("index: tuning tells what is wrong with its queries and options") {
  const Circle circle;
  const auto tune = [&](Words words) {
    words.insert(words.begin(), {"index", "tune", "x.index"});
    return circle.run(words);
  };
  CHECK(tune({}).err == "query 'a man moving slowly': 'a' is not a number\n");
  CHECK(tune({"--queries", "queries.txt", "--vectors", "v.npy"}).err ==
        "pipit: --queries and --vectors exclude each other\n");
  CHECK(tune({"--queries", "none.txt"}).err == "cannot open inputs 'none.txt': No such file or directory\n");
  circle.write("empty.txt", "");
  CHECK(tune({"--queries", "empty.txt"}).err == "there are no queries to measure with\n");
  CHECK(tune({"--recall", "1.5"}).err == "pipit: --recall takes a number above 0, at most 1, found 1.5\n");
  CHECK(tune({"--links", "1"}).err == "pipit: --links takes a number from 4 to 64, found 1\n");
  CHECK(tune({"-k", "0"}).err == "pipit: --top takes a number from 1 to 1000, found 0\n");
  CHECK(tune({"--threads", "-1"}).err == "pipit: --threads takes a number of at least 0, found -1\n");
  const Points points;
  const Outcome small = points.index({"tune", "x.index"});
  CHECK(small.out == "x.index: 2 rows are searched in no time without an accelerator; none was made\n");
  CHECK(small.status == 0);
}
