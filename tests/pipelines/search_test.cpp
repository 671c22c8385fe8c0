// The demo's clips in an index of moments, found by a sentence, an image and a clip.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "files.h"
#include "program.h"

using nlohmann::json;
using test::Outcome;
using test::TemporaryFolder;

namespace {

/// An index of the demo's clips, made once.
class Moments {
 public:
  Moments() {
    const Outcome made = run({"run", test::kMoments, "--inputs", test::kDemo + "/clips", "--output", "clips.index"});
    CHECK(made.err == "");
    CHECK(made.status == 0);
  }

  Outcome search(std::vector<std::string> words) const {
    words.insert(words.begin(), {"search", "clips.index"});
    return run(words);
  }
  /// The answers as JSON.
  std::vector<json> answers(std::vector<std::string> words) const {
    words.push_back("--json");
    const Outcome outcome = search(words);
    CHECK(outcome.err == "");
    CHECK(outcome.status == 0);
    return test::json_lines(outcome.out);
  }
  std::string read(const std::string& name) const { return test::read_file(folder_.path() + "/" + name); }

 private:
  Outcome run(const std::vector<std::string>& words) const {
    test::Call call;
    call.arguments = words;
    call.folder = folder_.path();
    return test::run(call);
  }

  TemporaryFolder folder_;
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

const std::string kCross = test::kDemo + "/clips/1-small-green-cross-still.mp4";

}  // namespace

TEST_CASE("search: the demo's clips are found by a sentence, by a clip and by a stretch of it") {
  const Moments moments;
  const std::vector<json> sentence = moments.answers({"--text", "a green cross"});
  REQUIRE(sentence.size() >= 8);
  CHECK(sentence[0]["path"] == kCross);
  CHECK(sentence[0]["query"] == "a green cross");
  CHECK(sentence[0]["rank"] == 1);
  for (std::size_t i = 1; i < sentence.size(); ++i) CHECK(sentence[i]["score"] <= sentence[i - 1]["score"]);

  const std::vector<json> clip = moments.answers({"--video", kCross, "--per", "clip", "-k", "3"});
  REQUIRE(clip.size() == 3);
  CHECK(clip[0]["path"] == kCross);
  CHECK(clip[0]["score"] > 0.99);
  CHECK(clip[1]["path"] != kCross);
  CHECK(moments.answers({"--video", kCross, "--start", "1", "--end", "2", "-k", "1"})[0]["path"] == kCross);
  CHECK(moments.search({"--video", kCross, "--start", "2", "--end", "1"}).err ==
        "query '" + kCross + "': pipeline:11: node 'decode': argument 'end_time' must be later than start_time\n");
  CHECK(moments.search({"--image", kCross}).status == 1);
  CHECK(moments.search({"--text", ""}).err == "query '': the query is empty\n");
}

TEST_CASE("search: a page has a contact sheet of each answer and plays its clip from the moment on") {
  const Moments moments;
  const Outcome outcome = moments.search({"--text", "a <green> \"cross\"", "-k", "3", "--html", "page.html"});
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  const std::string page = moments.read("page.html");
  CHECK(page.starts_with("<!DOCTYPE html>\n"));
  CHECK(count(page, "<h1>a &lt;green&gt; &quot;cross&quot;</h1>") == 1);
  CHECK(count(page, "<li>") == 3);
  CHECK(count(page, "src=\"data:image/jpeg;base64,/9j/") == 3);
  CHECK(count(page, "data-source=\"") == 3);
  CHECK(count(page, "/1-small-green-cross-still.mp4\" data-name=") == 1);
  CHECK(page.find("http://") == std::string::npos);
  CHECK(page.find("https://") == std::string::npos);
}
