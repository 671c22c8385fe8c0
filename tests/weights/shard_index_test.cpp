// Checkpoints in several files whose index and shards do not agree, or lead astray.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "pipit/weights/checkpoint.h"
#include "test_file.h"

using pipit::weights::Checkpoint;

namespace {

// A safetensors file of scalars.
std::string shard(const std::string& name) {
  std::string header = "{\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}";
  return little_endian<std::uint64_t>(header.size()) + header + std::string(4, '\0');
}

// What is said of an index beside the shards "1" with tensor "a" and "2" with tensor "b".
std::string refusal_of_map(const std::string& weight_map) {
  TestFile index("{\"metadata\": {}, \"weight_map\": " + weight_map + "}", "model.safetensors.index.json");
  index.write_beside("1", shard("a"));
  index.write_beside("2", shard("b"));
  std::string by_file = refusal_of_file(index.path());
  CHECK(refusal_of_file(index.path().parent_path()) == by_file);
  return by_file;
}

}  // namespace

TEST_CASE("shard index: tensors come from their files") {
  CHECK(refusal_of_map("{\"a\": \"1\", \"b\": \"2\"}") == "accepted");
}

TEST_CASE("shard index: shards of torch.save are read like those of safetensors") {
  const std::filesystem::path data = PIPIT_TEST_DATA;
  std::string map;
  for (const char* name : {"openai.pth", "kinds_ordered.pt"}) {
    Checkpoint shard_file = Checkpoint::open(data / name);
    for (const auto& [tensor, view] : shard_file.tensors()) {
      map += (map.empty() ? "" : ",") + ("\"" + tensor + "\":\"") + name + "\"";
    }
  }
  TestFile index("{\"weight_map\": {" + map + "}}", "pytorch_model.bin.index.json");
  for (const char* name : {"openai.pth", "kinds_ordered.pt"}) {
    std::filesystem::copy(data / name, index.path().parent_path() / name);
  }
  Checkpoint checkpoint = Checkpoint::open(index.path().parent_path());
  CHECK(checkpoint.container() == pipit::weights::Container::kTorchZip);
  CHECK(checkpoint.tensors().size() == 50 + 20);
}

TEST_CASE("shard index: index and shards must agree") {
  CHECK(refusal_of_map("{\"a\": \"1\", \"b\": \"3\"}") == "lacks its shard '3'");
  CHECK(refusal_of_map("{\"a\": \"1\", \"b\": \"1\"}") == "has 'b' in its index, and not in its shard '1'");
  CHECK(refusal_of_map("{\"b\": \"2\", \"a\": \"2\"}") == "has 'a' in its index, and not in its shard '2'");
}

TEST_CASE("shard index: a shard that is damaged or an index again is refused") {
  TestFile index("{\"weight_map\": {\"a\": \"index.json\"}}", "index.json");
  CHECK(refusal_of_file(index.path()) ==
        "has a shard 'index.json' that is JSON, not weights; name the weight file that belongs to it");
  TestFile damaged("{\"weight_map\": {\"a\": \"1\"}}", "index.json");
  damaged.write_beside("1", shard("a").substr(0, 61));
  CHECK(
      refusal_of_file(damaged.path()) ==
      "has a shard '1' that is cut short: tensor 'a' ends at byte 4 of the data, and there are 0; download or copy it "
      "again");
}

TEST_CASE("shard index: a file name that leads elsewhere is refused") {
  CHECK(refusal_of_map("{\"a\": \"../1\"}") ==
        "is damaged: its weight_map has '../1' for 'a', which is not a plain file name");
  CHECK(refusal_of_map("{\"a\": \"/dev/zero\"}") ==
        "is damaged: its weight_map has '/dev/zero' for 'a', which is not a plain file name");
  CHECK(refusal_of_map("{\"a\": \"\"}") == "is damaged: its weight_map has '' for 'a', which is not a plain file name");
  CHECK(refusal_of_map("{\"a\": 1}") == "is damaged: its weight_map has no file name for 'a'");
  CHECK(refusal_of_map("[]") == "is damaged: its weight_map is not an object");
  CHECK(refusal_of_map("{}") == "is damaged: its weight_map is empty");
  CHECK(refusal_of_map("{") == "is damaged: it is not JSON");
}

TEST_CASE("checkpoint: a folder without weights is refused") {
  TestFile file("", "notes.txt");
  CHECK(refusal_of_file(file.path().parent_path()) ==
        "is a folder without model.safetensors or pytorch_model.bin; name the weight file in it");
}
