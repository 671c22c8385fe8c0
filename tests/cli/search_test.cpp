// pipit search: what it asks with, what it prints, and what is wrong with a query or an index.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "scene.h"

using nlohmann::json;
using test::Outcome;
using test::Scene;
using test::Words;

namespace {

/// Points of a plane in an index that is asked with other points. A row's text is what its vector is made of.
class Plane : public Scene {
 public:
  explicit Plane(const std::string& space = "A") {
    write("p.yaml", "pipit: 1\nvars: {space: " + space +
                        "}\ninputs: {text: string}\nnodes:\n"
                        "  - {name: point, op: test/text.point, in: text, out: vec, args: {space: $space, size: 2}}\n"
                        "outputs: [text, vec]\nindex: {vector: vec, text: q.yaml}\n");
    write("q.yaml",
          "pipit: 1\nvars: {space: A}\ninputs: {text: string}\nnodes:\n"
          "  - {name: point, op: test/text.point, in: text, out: vec, args: {space: $space, size: 2}}\n"
          "outputs: [vec]\n");
    write("in.jsonl",
          "{\"text\":\"1 0\",\"path\":\"a.mp4\"}\n{\"text\":\"0 1\",\"path\":\"b.mp4\"}\n"
          "{\"text\":\"0.6 0.8\",\"path\":\"c\\udce9.mp4\"}\n");
    CHECK(Scene::run({"run", "p.yaml", "--inputs", "in.jsonl", "--output", "x.index"}).err == "");
  }

  Outcome search(const Words& more, const std::string& input = "") const {
    Words words{"search", "x.index"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words, input);
  }
};

}  // namespace

TEST_CASE("search: a sentence's answers are a table with the best first") {
  const Plane plane;
  const Outcome outcome = plane.search({"--text", "1 0"});
  CHECK(outcome.out == "  1   1.000  a.mp4\n  2   0.600  c\xe9.mp4\n  3   0.000  b.mp4\n");
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  CHECK(plane.search({"--text", "1 0", "-k", "1"}).out == "  1   1.000  a.mp4\n");
  CHECK(plane.search({"--text", "1 0", "--text", "0 1", "-k", "1"}).out ==
        "1 0\n  1   1.000  a.mp4\n0 1\n  1   1.000  b.mp4\n");
}

TEST_CASE("search: lines of JSON have the query and the row's fields as they were") {
  const Plane plane;
  CHECK(plane.search({"--text", "0.6 0.8", "-k", "2", "--json"}).out ==
        "{\"query\":\"0.6 0.8\",\"rank\":1,\"score\":1,\"item\":2,\"path\":\"c\\udce9.mp4\",\"text\":\"0.6 0.8\"}\n"
        "{\"query\":\"0.6 0.8\",\"rank\":2,\"score\":0.8,\"item\":1,\"path\":\"b.mp4\",\"text\":\"0 1\"}\n");
  CHECK(plane.search({"--text", "1 0", "-k", "1", "--output", "out.jsonl"}).out == "");
  CHECK(plane.read("out.jsonl") ==
        "{\"query\":\"1 0\",\"rank\":1,\"score\":1,\"item\":0,\"path\":\"a.mp4\",\"text\":\"1 0\"}\n");
  const Outcome again = plane.search({"--text", "1 0", "--output", "out.jsonl"});
  CHECK(again.err == "pipit: --output 'out.jsonl' is there; replace it by --overwrite, or name another file\n");
  CHECK(again.status == 2);
  CHECK(plane.search({"--text", "1 0", "--output", "out.jsonl", "--overwrite"}).status == 0);
}

TEST_CASE("search: a list's queries carry their fields and fail alone") {
  const Plane plane;
  plane.write("q.jsonl",
              "{\"id\":7,\"text\":\"1 0\"}\n{\"text\":\"x\"}\n{\"txt\":\"1 0\"}\n[1]\n{\"text\":\"1 0\",\"start\":1}\n"
              "{\"text\":\" \",\"score\":3}\n{\"text\":\"0 1\"}\n");
  const Outcome outcome = plane.search({"--queries", "q.jsonl", "-k", "1", "--json"});
  CHECK(outcome.out ==
        "{\"query\":\"1 0\",\"id\":7,\"rank\":1,\"score\":1,\"item\":0,\"path\":\"a.mp4\",\"text\":\"1 0\"}\n"
        "{\"query\":\"x\",\"error\":\"'x' is not a number\"}\n"
        "{\"query\":\"q.jsonl:3\",\"txt\":\"1 0\",\"error\":\"asks with nothing: it lacks 'text', 'image' and "
        "'video'\"}\n"
        "{\"query\":\"q.jsonl:4\",\"error\":\"is an array, expected an object, as in {\\\"text\\\": \\\"a red "
        "car\\\"}\"}\n"
        "{\"query\":\"1 0\",\"error\":\"'start' and 'end' go with 'video', found 'text'\"}\n"
        "{\"query\":\" \",\"input.score\":3,\"error\":\"the query is empty\"}\n"
        "{\"query\":\"0 1\",\"rank\":1,\"score\":1,\"item\":1,\"path\":\"b.mp4\",\"text\":\"0 1\"}\n");
  CHECK(outcome.err ==
        "query 'x': 'x' is not a number\n"
        "query 'q.jsonl:3': asks with nothing: it lacks 'text', 'image' and 'video'\n"
        "query 'q.jsonl:4': is an array, expected an object, as in {\"text\": \"a red car\"}\n"
        "query '1 0': 'start' and 'end' go with 'video', found 'text'\n"
        "query ' ': the query is empty\n"
        "5 of 7 queries failed\n");
  CHECK(outcome.status == 1);
  CHECK(plane.search({"--queries", "-", "-k", "1"}, "1 0\n\n0 1\n").out ==
        "1 0\n  1   1.000  a.mp4\n0 1\n  1   1.000  b.mp4\n");
}

TEST_CASE("search: an interactive session goes on after what is wrong") {
  const Plane plane;
  const Outcome outcome =
      plane.search({"--interactive", "-k", "1"}, "1 0\n:imge a\n:image a.png\nx\n\n0 1\n:quit\n1 0\n");
  CHECK(outcome.out == "1 0\n  1   1.000  a.mp4\n0 1\n  1   1.000  b.mp4\n");
  CHECK(outcome.err ==
        "no command ':imge'; did you mean 'image'?; :help lists them\n"
        "index 'x.index' cannot be asked with --image: its pipeline names no file for it in 'index'; it can with "
        "'--text'\n"
        "query 'x': 'x' is not a number\n1 of 3 queries failed\n");
  CHECK(outcome.status == 1);
}

TEST_CASE("search: vectors of another run are queries in their space alone") {
  const Plane plane;
  CHECK(plane.run({"run", "p.yaml", "--input", "text=0.6 0.8", "--output", "v.npy"}).status == 0);
  CHECK(plane.search({"--vectors", "v.npy", "-k", "1"}).out == "0.6 0.8\n  1   1.000  c\xe9.mp4\n");
  CHECK(plane.run({"run", "p.yaml", "--input", "text=1 0", "--set", "vars.space=B", "--output", "b.npy"}).status == 0);
  const Outcome outcome = plane.search({"--vectors", "b.npy"});
  CHECK(outcome.err ==
        "vectors of different spaces cannot be compared: 'b.npy' has 'B', index 'x.index' has 'A'; make both with the "
        "same weights\n");
  CHECK(outcome.status == 2);
}

TEST_CASE("search: a query in another space is refused by name") {
  const Plane plane;
  const Outcome outcome = plane.search({"--text", "1 0", "--set", "vars.space=B"});
  CHECK(outcome.err ==
        "vectors of different spaces cannot be compared: the query's is of 'B', index 'x.index' has 'A'; ask with the "
        "weights that it was made with, as in --set vars.weights=FILE\n");
  CHECK(outcome.status == 2);
}

TEST_CASE("search: an index answers when its pipelines are gone") {
  const Plane plane;
  CHECK(plane.shell("rm p.yaml q.yaml && mv x.index y.index").status == 0);
  CHECK(plane.run({"search", "y.index", "--text", "1 0", "-k", "1"}).out == "  1   1.000  a.mp4\n");
}

TEST_CASE("search: a file that was moved with its index is told where it is now") {
  const Plane plane;
  CHECK(plane.shell("mkdir -p there/clips && echo x > there/clips/a.mp4 && mv x.index there").status == 0);
  CHECK(plane.run({"search", "there/x.index", "--text", "1 0", "-k", "1"}).out == "  1   1.000  a.mp4\n");
  CHECK(plane.shell("mv there/clips/a.mp4 there").status == 0);
  CHECK(plane.run({"search", "there/x.index", "--text", "1 0", "-k", "1"}).out == "  1   1.000  there/a.mp4\n");
  CHECK(plane.shell("mv there/a.mp4 . && mkdir far && cd far && \"$PIPIT\" search ../there/x.index --text '1 0' -k 1")
            .out == "  1   1.000  ../a.mp4\n");
}

TEST_CASE("search: nothing found is told with why") {
  const Plane plane;
  const Outcome high = plane.search({"--text", "1 0", "--min-score", "2"});
  CHECK(high.err == "nothing in 'x.index' for '1 0': no row scores 2 or more\n");
  CHECK(high.out == "");
  CHECK(high.status == 0);
  CHECK(plane.search({"--text", "1 0", "--where", "path=z.mp4"}).err ==
        "nothing in 'x.index' for '1 0': no row has what --where asks for\n");
  CHECK(plane.search({"--text", "1 0", "--where", "path=b.mp4"}).out == "  1   0.000  b.mp4\n");
}

TEST_CASE("search: a command line that is wrong is told before anything is opened") {
  const Plane plane;
  const auto fault = [&](const Words& words) {
    const Outcome outcome = plane.search(words);
    CHECK(outcome.status == 2);
    CHECK(outcome.out == "");
    return outcome.err;
  };
  CHECK(fault({}) ==
        "pipit: nothing to search for: give --text, --image, --video, --vectors, --queries or --interactive\n");
  CHECK(fault({"--text", "a", "--queries", "q"}) ==
        "pipit: --vectors, --queries, --interactive and --text, --image, --video exclude each other\n");
  CHECK(fault({"--text", "a", "-k", "0"}) == "pipit: -k takes a number of at least 1, found 0\n");
  CHECK(fault({"--text", "a", "--per", "clips"}) ==
        "pipit: --per takes one of 'moment', 'clip' and 'row', found 'clips'; did you mean 'clip'?\n");
  CHECK(fault({"--text", "a", "--start", "1"}) == "pipit: --start goes with one --video\n");
  CHECK(fault({"--video", "a", "--start", "-1"}) ==
        "pipit: --start takes a number of at least 0, in seconds, found -1\n");
  CHECK(fault({"--text", "a", "--text", "b", "--html", "a.html"}) == "pipit: --html shows the answers to one query\n");
  CHECK(fault({"--text", "a", "--html", "in.jsonl"}) ==
        "pipit: --html 'in.jsonl' is there; replace it by --overwrite, or name another file\n");
  CHECK(fault({"--text", "a", "--per", "moment"}) ==
        "index 'x.index' has no moments: its rows lack 'start_ms' and 'end_ms'; search for rows or clips\n");
  CHECK(fault({"--queries", "none.jsonl"}) == "cannot open inputs 'none.jsonl': No such file or directory\n");
  CHECK(plane.run({"search", "none.index", "--text", "a"}).err == "index 'none.index' does not exist\n");
}
