// pipit index: what an index holds, whether it is whole, what is taken out of it and what goes out of it.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
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

namespace {

/// A pipeline that gives points, and results of it as files.
class Imports : public Scene {
 public:
  Imports() {
    const std::string node =
        "pipit: 1\ninputs: {text: string}\nnodes:\n"
        "  - {name: point, op: test/text.point, in: text, out: vec, args: {space: A, size: 2}}\n";
    write("ask.yaml", node + "outputs: [vec]\n");
    write("p.yaml", node + "outputs: [text, vec]\nindex: {vector: vec, text: ask.yaml}\n");
    write("in.jsonl", "{\"text\":\"1 0\"}\n{\"text\":\"x\",\"id\":7}\n{\"text\":\"0 1\",\"id\":8}\n");
  }

  Outcome import(Words words) const {
    words.insert(words.begin(), {"index", "import", "x.index"});
    return run(words);
  }
  std::string answers() const { return run({"search", "x.index", "--text", "0 1", "--json"}).out; }

  /// An array as NumPy writes it: one row a line of two numbers.
  void write_array(const std::string& file, const std::string& type, std::int64_t rows,
                   const std::string& elements) const {
    std::string header =
        "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", 2), }";
    header.resize(117, ' ');
    write(file, std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" + elements);
  }
};

constexpr const char* kAnswers =
    "{\"query\":\"0 1\",\"rank\":1,\"score\":1,\"item\":2,\"id\":8,\"text\":\"0 1\"}\n"
    "{\"query\":\"0 1\",\"rank\":2,\"score\":0,\"item\":0,\"text\":\"1 0\"}\n";

}  // namespace

TEST_CASE("index: results of a run are imported with their failed items and answer as the run's own index") {
  const Imports files;
  for (const std::string out : {"out.jsonl", "out.npy"}) {
    CAPTURE(out);
    CHECK(files.run({"run", "p.yaml", "--inputs", "in.jsonl", "--output", out}).status == 1);
    CHECK(files.import({out, "--pipeline", "p.yaml", "--overwrite"}).out == "x.index: 2 rows added, 1 item failed\n");
    CHECK(files.answers() == std::string(kAnswers));
    CHECK(files.run({"index", "failed", "x.index"}).out ==
          "{\"item\":1,\"id\":7,\"text\":\"x\",\"error\":{\"node\":\"point\",\"code\":\"bad_text\",\"message\":\"'x' "
          "is not "
          "a number\"}}\n");
  }
  CHECK(files.import({"out.npy", "--pipeline", "p.yaml"}).err ==
        "index 'x.index' is there; add to it by --append, or replace it by --overwrite\n");
  CHECK(files.import({"out.npy", "--pipeline", "p.yaml", "--append"}).out == "x.index: 2 rows added, 1 item failed\n");
  CHECK(json::parse(files.run({"index", "info", "x.index", "--json"}).out)["rows"] == 4);
  // What was exported comes back.
  CHECK(files.run({"index", "export", "x.index", "all.npy"}).status == 0);
  CHECK(files.import({"all.npy", "--pipeline", "p.yaml", "--overwrite"}).out == "x.index: 4 rows added\n");
  CHECK(files.run({"index", "verify", "x.index"}).status == 0);
}

TEST_CASE("index: arrays of others are imported with what lies beside them") {
  const Imports files;
  const std::string half("\x00\x3c\x00\x00\x00\x00\x00\x3c", 8);  // 1 0, 0 1
  files.write_array("plain.npy", "<f2", 2, half);
  CHECK(files.import({"plain.npy", "--pipeline", "p.yaml"}).out == "x.index: 2 rows added\n");
  CHECK(files.answers() ==
        "{\"query\":\"0 1\",\"rank\":1,\"score\":1,\"item\":1,\"row\":1}\n"
        "{\"query\":\"0 1\",\"rank\":2,\"score\":0,\"item\":0,\"row\":0}\n");
  CHECK(json::parse(files.run({"index", "info", "x.index", "--json"}).out)["dtype"] == "float16");

  for (const char* inner : {"img_emb", "metadata"})
    std::filesystem::create_directories(files.folder() + "/clips/" + inner);
  for (const std::string number : {"2", "10"}) {
    files.write_array("clips/img_emb/img_emb_" + number + ".npy", "<f2", 2, half);
    files.write("clips/metadata/metadata_" + number + ".jsonl",
                "{\"image_path\":\"" + number + "-a.jpg\",\"caption\":\"a\"}\n" + "{\"image_path\":\"" + number +
                    "-b.jpg\",\"caption\":\"b\"}\n");
  }
  CHECK(files.import({"clips", "--pipeline", "p.yaml", "--overwrite"}).out == "x.index: 4 rows added\n");
  CHECK(files.answers().starts_with(
      "{\"query\":\"0 1\",\"rank\":1,\"score\":1,\"item\":1,\"image_path\":\"2-b.jpg\",\"caption\":\"b\"}\n"
      "{\"query\":\"0 1\",\"rank\":2,\"score\":1,\"item\":3,\"image_path\":\"10-b.jpg\",\"caption\":\"b\"}\n"));
  files.write("clips/metadata/metadata_3.parquet", "PAR1");
  files.write_array("clips/img_emb/img_emb_3.npy", "<f2", 2, half);
  CHECK(files.import({"clips", "--pipeline", "p.yaml", "--overwrite"}).err ==
        "'clips/metadata/metadata_3.parquet' is a table that pipit does not read; write it as "
        "'clips/metadata/metadata_3.jsonl' first: python3 -c \"import pandas; "
        "pandas.read_parquet('clips/metadata/metadata_3.parquet').to_json('clips/metadata/metadata_3.jsonl', "
        "orient='records', lines=True)\"\n");
  CHECK(files.import({"clips", "--pipeline", "p.yaml", "--kind", "text", "--overwrite"}).err ==
        "folder 'clips' has no 'text_emb/text_emb_0.npy', as clip-retrieval writes them; --kind says which embeddings "
        "are "
        "taken, 'img' or 'text'\n");
  // What failed left the index that was there.
  CHECK(json::parse(files.run({"index", "info", "x.index", "--json"}).out)["rows"] == 4);
}

TEST_CASE("index: what does not fit is not imported") {
  const Imports files;
  const auto err = [&](Words words) { return files.import(std::move(words)).err; };
  const std::string half("\x00\x3c\x00\x00\x00\x00\x00\x3c", 8);
  files.write_array("a.npy", "<f2", 2, half);
  files.write_array("long.npy", "<f2", 3, half);
  files.write_array("ints.npy", "<i2", 2, half);
  files.write_array("zero.npy", "<f2", 2, std::string(8, '\0'));
  CHECK(err({"none.npy", "--pipeline", "p.yaml"}) == "'none.npy' does not exist\n");
  CHECK(err({"p.yaml", "--pipeline", "p.yaml"}) ==
        "'p.yaml' is neither an array '.npy', nor lines '.jsonl', nor a folder of clip-retrieval\n");
  CHECK(err({"long.npy", "--pipeline", "p.yaml"}) == "long.npy: is shorter than its header says\n");
  CHECK(err({"ints.npy", "--pipeline", "p.yaml"}) ==
        "ints.npy: expected float32 or float16 [rows,size], one vector a row, found int16 [2,2]\n");
  CHECK(err({"zero.npy", "--pipeline", "p.yaml"}) ==
        "'zero.npy', item 0: the vector is zero, and nothing can be found by it\n");
  CHECK(err({"a.npy", "--pipeline", "ask.yaml"}) ==
        "pipeline 'ask.yaml' has no 'index', which says what is searched and how it is asked\n");
  CHECK(err({"a.npy", "--pipeline", "p.yaml", "--kind", "imag"}) ==
        "pipit: --kind takes one of 'img' and 'text', found 'imag'; did you mean 'img'?\n");
  CHECK(err({"a.npy", "--pipeline", "p.yaml", "--append", "--overwrite"}) ==
        "pipit: --append and --overwrite exclude each other\n");
  files.write("a.npy.jsonl", "{\"row\":0}\n");
  CHECK(err({"a.npy", "--pipeline", "p.yaml"}) ==
        "a.npy: has 2 rows, and 'a.npy.jsonl' names 1 of them; they are not of one run\n");
  files.write("a.npy.jsonl", "{\"row\":1}\n{\"row\":0}\n");
  CHECK(err({"a.npy", "--pipeline", "p.yaml"}) == "a.npy.jsonl:1: names row 1 of 2, expected row 0\n");
  files.write("two.jsonl", "{\"a\":[1,0],\"b\":[0,1]}\n");
  CHECK(err({"two.jsonl", "--pipeline", "p.yaml"}) ==
        "two.jsonl:1: expected one field that is a vector, found 'a' and 'b'; name it with --column\n");
  files.write("one.jsonl", "{\"vec\":[1,0]}\n{\"vec\":3}\n");
  CHECK(err({"one.jsonl", "--pipeline", "p.yaml"}) == "one.jsonl:2: 'vec' is not a vector, or a list of vectors\n");
  files.write("not.jsonl", "[1]\n");
  CHECK(err({"not.jsonl", "--pipeline", "p.yaml"}) == "not.jsonl:1: is not a JSON object\n");
  CHECK(!files.exists("x.index"));
  // Another space than the record beside the results says.
  CHECK(files.run({"run", "p.yaml", "--inputs", "in.jsonl", "--output", "out.npy"}).status == 1);
  CHECK(err({"out.npy", "--pipeline", "p.yaml", "--set", "point.space=B"}) ==
        "vectors of different spaces cannot be compared: 'out.npy' has 'A', the pipeline gives 'B'; name the weights "
        "that "
        "they were made with, as in --set vars.weights=FILE\n");
}
