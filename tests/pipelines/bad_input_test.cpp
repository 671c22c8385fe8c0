#include <doctest/doctest.h>

#include "files.h"
#include "program.h"

using nlohmann::json;
using test::json_lines;
using test::Outcome;
using test::run;
using test::TemporaryFolder;

namespace {

/// Embeds one clip; gives "status: code: message" or "status: numbers of the vector".
std::string embed_clip(const std::string& path) {
  const Outcome outcome = run({"run", test::kVideoEmbedding, "--input", "path=" + path});
  const json line = json_lines(outcome.out).at(0);
  CHECK(line["path"] == path);
  if (line.contains("error")) {
    CHECK(outcome.err == "1 of 1 item failed; item 0: node 'decode': " + line["error"]["message"].get<std::string>() +
                             " (" + line["error"]["code"].get<std::string>() + "); standard output has its line\n");
    CHECK(line["error"]["node"] == "decode");
    return std::to_string(outcome.status) + ": " + line["error"]["code"].get<std::string>() + ": " +
           line["error"]["message"].get<std::string>();
  }
  CHECK(outcome.err == "");
  return std::to_string(outcome.status) + ": " + std::to_string(line["vec"].size());
}

json embed_text(const std::string& text) {
  const Outcome outcome = run({"run", test::kTextEmbedding, "--inputs", "-"}, json({{"text", text}}).dump() + "\n");
  CHECK(outcome.status == 0);
  return json_lines(outcome.out).at(0);
}

}  // namespace

TEST_CASE("bad clips: each is one clear item error") {
  const TemporaryFolder folder;
  const std::string text = folder.write("text.mp4", "this is no video\n");
  const std::string empty = folder.write("empty.mp4", "");
  CHECK(embed_clip("no/such.mp4") == "1: not_found: video 'no/such.mp4' does not exist");
  CHECK(embed_clip(folder.path()) ==
        "1: invalid_media: video '" + folder.path() + "' is a directory, expected a video file");
  CHECK(embed_clip(text) == "1: invalid_media: video '" + text + "' has no video format that is known");
  CHECK(embed_clip(empty) == "1: invalid_media: video '" + empty + "' is empty, expected a video file");
  const std::string cut = test::kClips + "/cut_mdat.mp4";
  CHECK(embed_clip(cut) ==
        "1: invalid_media: video '" + cut +
            "' is damaged after 1.320 s: a packet is cut short; on_corrupt: warn takes what can be decoded");
  const std::string audio = test::kClips + "/audio_only.mp4";
  CHECK(embed_clip(audio) == "1: invalid_media: video '" + audio + "' has no video stream, found audio (aac)");
}

TEST_CASE("odd clips: one frame and three frames and odd sizes are embedded") {
  for (const char* name :
       {"one_frame.mp4", "three_frames.mp4", "odd_444.mp4", "odd_width.webm", "odd_height.avi", "rotated_90.mp4"}) {
    CHECK(embed_clip(test::kClips + "/" + name) == "0: 128");
  }
}

TEST_CASE("odd texts: an empty one is a sentence and a long one is cut and counted") {
  CHECK(embed_text("")["vec"].size() == 128);
  std::string words;
  for (int i = 0; i < 10000; ++i) words += "word ";
  CHECK(embed_text(words)["vec"].size() == 128);

  const TemporaryFolder folder;
  const std::string stats = folder.path() + "/stats.json";
  const Outcome outcome = run({"run", test::kTextEmbedding, "--inputs", "-", "--stats", stats},
                              json({{"text", words}}).dump() + "\n" + R"({"text":"short"})" + "\n");
  CHECK(outcome.status == 0);
  const json told = json::parse(test::read_file(stats));
  CHECK(told["items"] == 2);
  CHECK(told["nodes"][0]["name"] == "embed");
  CHECK(told["nodes"][0]["counters"].dump() == R"({"sentences_cut":1})");
}

TEST_CASE("odd texts: invalid UTF-8 is the item's error") {
  const Outcome outcome = run({"run", test::kTextEmbedding, "--input", "text=a\xff"});
  CHECK(outcome.status == 1);
  // As Python writes bytes that are no text, which json.loads reads back and strict parsers refuse.
  CHECK(outcome.out == R"({"item":0,"text":"a\udcff","error":{"node":"embed","code":"invalid_input",)"
                       R"("message":"text is not UTF-8: byte 0xff at offset 1"}})"
                       "\n");
}
