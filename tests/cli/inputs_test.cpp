// The forms in which items are given.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "scene.h"

using test::Outcome;
using test::Scene;

namespace {

const char* const kUpper = R"(pipit: 1
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud}
outputs: [loud]
)";

const char* const kTwo = R"(pipit: 1
inputs: {path: string, n: int}
nodes:
  - {name: half, op: test/text.half, in: n, out: h}
outputs: [path, h]
)";

/// What a file of this name gives, through `pipeline`.
Outcome given(const std::string& name, const std::string& content, const char* pipeline = kUpper) {
  const Scene scene;
  scene.write("p.yaml", pipeline);
  scene.write(name, content);
  return scene.run({"run", "p.yaml", "--inputs", name});
}

}  // namespace

TEST_CASE("inputs: a CSV file gives columns by name") {
  const Outcome outcome =
      given("in.csv", "id,n,path\r\n7,4,\"a, \"\"b\"\".mp4\"\r\n\r\n8,6,\"two\r\nlines\"\r\n9,x,c\r\n", kTwo);
  CHECK(
      outcome.out ==
      R"({"item":0,"id":"7","path":"a, \"b\".mp4","h":2})"
      "\n"
      R"({"item":1,"id":"8","path":"two\r\nlines","h":3})"
      "\n"
      R"({"item":2,"id":"9","n":"x","path":"c","error":{"node":null,"code":"invalid_input","message":"line 6: input 'n' takes int, found string"}})"
      "\n");
  CHECK(outcome.status == 1);
}

TEST_CASE("inputs: tabs and semicolons separate too and a byte order mark is no letter") {
  const std::string expected = "{\"item\":0,\"id\":\"1\",\"loud\":\"A, B\"}\n";
  CHECK(given("in.tsv", "id\ttext\n1\ta, b\n").out == expected);
  CHECK(given("in.csv", "\xef\xbb\xbfid;text\r\n1;a, b\r\n").out == expected);
  CHECK(given("in", "id\ttext\n1\ta, b\n").out == expected);
  CHECK(given("in.jsonl", "\xef\xbb\xbf{\"id\":\"1\",\"text\":\"a, b\"}\n").out == expected);
}

TEST_CASE("inputs: a record that is wrong costs itself alone") {
  const Outcome outcome = given("in.csv", "id,text\n1\n2,\"a\"b\n3,\"open\n4,d\n5,\"e\nf\"\n\"6,g\n");
  CHECK(
      outcome.out ==
      R"({"item":0,"error":{"node":null,"code":"invalid_input","message":"line 2: has 1 cell, the header has 2"}})"
      "\n"
      R"({"item":1,"error":{"node":null,"code":"invalid_input","message":"line 3: cell 2 goes on behind its closing quote"}})"
      "\n"
      R"({"item":2,"error":{"node":null,"code":"invalid_input","message":"line 4: cell 2 goes on behind its closing quote"}})"
      "\n"
      "{\"item\":3,\"id\":\"4\",\"loud\":\"D\"}\n"
      "{\"item\":4,\"id\":\"5\",\"loud\":\"E\\nF\"}\n"
      R"({"item":5,"error":{"node":null,"code":"invalid_input","message":"line 8: a quote is not closed"}})"
      "\n");
  CHECK(outcome.status == 1);
}

TEST_CASE("inputs: a header without an input is refused") {
  const Outcome missing = given("in.csv", "file,n\na,4\n", kTwo);
  CHECK(missing.err ==
        "'in.csv': its header has 'file' and 'n', and no column 'path'; the pipeline takes 'path' and 'n'\n");
  CHECK(missing.status == 2);
  const Outcome twice = given("in.csv", "text,text\na,b\n");
  CHECK(twice.err == "'in.csv': its header has 'text' more than once\n");
  CHECK(twice.status == 2);
}

TEST_CASE("inputs: lines of text are one input's values") {
  const std::string expected = "{\"item\":0,\"loud\":\"A DOG, A CAT\"}\n{\"item\":1,\"loud\":\"B\"}\n";
  CHECK(given("in.txt", "a dog, a cat\r\n\nb\n").out == expected);
  CHECK(given("list", "a dog, a cat\nb").out == expected);
  const Outcome bytes = given("in.txt", "caf\xe9\n");
  CHECK(bytes.out == R"({"item":0,"loud":"CAF\udce9"})"
                     "\n");
  const Outcome two = given("in.txt", "a\n", kTwo);
  CHECK(two.err ==
        "'in.txt' is a list of lines, one value an item; the pipeline takes 'path' and 'n': give a CSV file with these "
        "columns, or JSON lines\n");
  CHECK(two.status == 2);
}

TEST_CASE("inputs: a list in the wrong form is refused once") {
  const Outcome csv = given("in.jsonl", "id,text\n1,a\n2,b\n");
  CHECK(
      csv.err ==
      "'in.jsonl' looks like CSV, its first line is 'id,text'; name it .csv or .tsv, or give one JSON object a line\n");
  CHECK(csv.out == "");
  CHECK(csv.status == 2);
  const Outcome list = given("in.json", "[{\"text\":\"a\"}]\n");
  CHECK(list.err == "'in.json' begins with a JSON list; give one object a line, as jq -c '.[]' writes them\n");
  CHECK(list.status == 2);
  const Outcome clip = given("clip.mp4", std::string("\0\0\0\x20"
                                                     "ftypisom",
                                                     12));
  CHECK(
      clip.err ==
      "'clip.mp4' is not a list: it holds binary data; give one file as --input text=clip.mp4, several as a folder, a "
      "pattern or a list of their names\n");
  CHECK(clip.status == 2);
}

TEST_CASE("inputs: a folder gives its media in natural order") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  for (const char* folder : {"clips", "clips/day 2", "clips/.cache", "empty"}) {
    std::filesystem::create_directory(scene.folder() + "/" + folder);
  }
  for (const char* file : {"c10.mp4", "c9.MP4", "day 2/a.webm", "notes.txt", ".hidden.mp4", ".cache/x.mp4", "z.jpg"}) {
    scene.write(std::string("clips/") + file, "");
  }
  const std::string tail =
      "CLIPS/C9.MP4\"}\n{\"item\":1,\"loud\":\"CLIPS/C10.MP4\"}\n{\"item\":2,\"loud\":\"CLIPS/DAY 2/A.WEBM\"}\n"
      "{\"item\":3,\"loud\":\"CLIPS/Z.JPG\"}\n";
  CHECK(scene.run({"run", "up.yaml", "--inputs", "clips"}).out == "{\"item\":0,\"loud\":\"" + tail);
  CHECK(scene.run({"run", "up.yaml", "--inputs", "clips/"}).out == "{\"item\":0,\"loud\":\"" + tail);
  CHECK(scene.shell("cd empty; $PIPIT run ../up.yaml --inputs ..")
            .out.starts_with("{\"item\":0,\"loud\":\"../CLIPS/C9.MP4\"}"));
  CHECK(scene.shell("cd clips; $PIPIT run ../up.yaml --inputs .").out.starts_with("{\"item\":0,\"loud\":\"C9.MP4\"}"));
  const Outcome empty = scene.run({"run", "up.yaml", "--inputs", "empty"});
  CHECK(empty.err ==
        "the folder 'empty' has no video and no image; name other files by a pattern, --inputs 'empty/*'\n");
  CHECK(empty.status == 2);
  scene.write("two.yaml", kTwo);
  const Outcome two = scene.run({"run", "two.yaml", "--inputs", "clips"});
  CHECK(
      two.err ==
      "the folder 'clips' gives names of files, one value an item; the pipeline takes 'path' and 'n': give a CSV file "
      "with these columns, or JSON lines\n");
  CHECK(two.status == 2);
}

TEST_CASE("inputs: a pattern gives the files that match") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  for (const char* file : {"b10.x", "b9.x", "a.y", "odd[1].jsonl"}) scene.write(file, "{\"text\":\"inside\"}\n");
  CHECK(scene.run({"run", "up.yaml", "--inputs", "b*.x"}).out ==
        "{\"item\":0,\"loud\":\"B9.X\"}\n{\"item\":1,\"loud\":\"B10.X\"}\n");
  CHECK_MESSAGE(scene.run({"run", "up.yaml", "--inputs", "odd[1].jsonl"}).out == "{\"item\":0,\"loud\":\"INSIDE\"}\n",
                "a file of that very name is a list");
  const Outcome none = scene.run({"run", "up.yaml", "--inputs", "*.avi"});
  CHECK(none.err == "no file matches '*.avi'\n");
  CHECK(none.status == 2);
  const Outcome deep = scene.run({"run", "up.yaml", "--inputs", "clips/**/*.mp4"});
  CHECK(
      deep.err ==
      "pipit: --inputs 'clips/**/*.mp4': '**' does not stand for folders of any depth here; name a folder, which gives "
      "every video and image below it, --inputs 'clips', or write one '*' for each folder on the way\n");
  CHECK(deep.status == 2);
}

TEST_CASE("inputs: a list in a form that is not read is told with what to do") {
  const auto err = [](const std::string& name, const std::string& content) {
    const Outcome outcome = given(name, content);
    CHECK(outcome.out == "");
    CHECK(outcome.status == 2);
    return outcome.err;
  };
  CHECK(err("in.csv", "id,text\r1,a\r2,b\r") ==
        "'in.csv': its lines end with a carriage return alone, expected a line feed; write them anew: tr '\\r' '\\n' < "
        "LIST > NEW\n");
  const std::string utf16 =
      "'in.csv' is UTF-16 text, expected lines of UTF-8 text; write it as UTF-8: iconv -f UTF-16 -t UTF-8 LIST > NEW\n";
  CHECK(err("in.csv", std::string("\xff\xfet\0e\0x\0t\0\n\0", 12)) == utf16);
  CHECK(err("in.csv", std::string("\xfe\xff\0t\0e\0x\0t\0\n", 12)) == utf16);
  CHECK(err("in.xlsx", "PK\x03\x04rest") ==
        "'in.xlsx' is a ZIP archive, as a spreadsheet's .xlsx or .ods is, expected lines of UTF-8 text; save the table "
        "as CSV (UTF-8)\n");
  CHECK(
      err("in.jsonl.gz", "\x1f\x8brest") ==
      "'in.jsonl.gz' is compressed by gzip, expected lines of UTF-8 text; unpack it on the way: zcat LIST | pipit run "
      "… --inputs -\n");
  CHECK(err("in.json", "{\n  \"text\": \"a\"\n}\n") ==
        "'in.json': its first JSON object takes several lines; give one object a line, as jq -c . writes them\n");
}

TEST_CASE("inputs: a first line that is cut costs itself alone") {
  const Outcome outcome = given("in.jsonl", "{\"text\":\n{\"text\":\"b\"}\n");
  CHECK(
      outcome.out ==
      R"({"item":0,"error":{"node":null,"code":"invalid_input","message":"line 1: is not JSON at byte 9: expected a value, found the end of the line"}})"
      "\n{\"item\":1,\"loud\":\"B\"}\n");
  CHECK(given("in.jsonl", "{\"text\":").status == 1);
}

TEST_CASE("inputs: a folder below that cannot be read is told by its own name") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  std::filesystem::create_directories(scene.folder() + "/clips/day 2");
  scene.write("clips/a.mp4", "");
  // Not even for root, without the power to pass over permissions.
  const Outcome outcome = scene.shell(
      "chmod 0 'clips/day 2'; setpriv --bounding-set=-dac_override,-dac_read_search "
      "--inh-caps=-dac_override,-dac_read_search $PIPIT run up.yaml --inputs clips; s=$?; chmod 700 'clips/day 2'; "
      "exit "
      "$s");
  CHECK(outcome.err ==
        "cannot read the folder 'clips/day 2': Permission denied; name the files by a pattern, --inputs 'clips/*'\n");
  CHECK(outcome.status == 2);
}

TEST_CASE("inputs: progress knows how many there are in every form") {
  const Scene scene;
  scene.write("up.yaml", kUpper);
  std::filesystem::create_directory(scene.folder() + "/clips");
  scene.write("clips/a.mp4", "");
  scene.write("clips/b.mp4", "");
  scene.write("in.csv", "text\n\"a\nb\"\nc\n");
  scene.write("in.txt", "a\n\nb\n");
  for (const std::string inputs : {"clips", "clips/*", "in.csv", "in.txt"}) {
    const Outcome outcome = scene.run({"run", "up.yaml", "--inputs", inputs, "--progress", "on"});
    CHECK(outcome.err.find("[====================] 2/2 items, ") != std::string::npos);
  }
}
