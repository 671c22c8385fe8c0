// Files that are no weights: what the refusal calls them.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "pipit/error.h"
#include "pipit/weights/checkpoint.h"
#include "test_file.h"

using namespace std::string_literals;
using pipit::weights::Checkpoint;

TEST_CASE("checkpoint: an address is told from a missing file") {
  CHECK_THROWS_WITH_AS(
      Checkpoint::open("https://example.org/b32.pt"),
      "weight_path 'https://example.org/b32.pt' is a URL, which pipit does not read; copy it to a file first",
      pipit::Error);
}

TEST_CASE("checkpoint: a missing file is not found") {
  try {
    Checkpoint::open("/nowhere/b32.pth");
    FAIL("accepted");
  } catch (const pipit::Error& error) {
    CHECK(error.code() == "not_found");
    CHECK(error.what() == "weight_path '/nowhere/b32.pth' does not exist"s);
  }
}

TEST_CASE("checkpoint: what is not a regular file is refused without waiting for it") {
  TestFile file("");
  CHECK(refusal_of_file(file.path()) == "is empty");
  auto fifo = file.path().parent_path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(refusal_of_file(fifo) == "is not a regular file");
}

TEST_CASE("checkpoint: a file of another kind is named") {
  CHECK(refusal("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 605\n") ==
        "is a git-lfs pointer, not the file itself; fetch it with 'git lfs pull'");
  CHECK(refusal("\n<!DOCTYPE html>\n<html><body>404</body></html>") ==
        "is an HTML page, as a failed download leaves; download the weights again");
  CHECK(refusal("<?xml version=\"1.0\"?><Error>AccessDenied</Error>") ==
        "is an XML document, as a server sends for an error; download the weights again");
  CHECK(refusal("\0\0\0\x20"
                "ftypisom\0\0\2\0"s) == "is a video (MP4 or QuickTime), not weights");
  CHECK(refusal("\x1a\x45\xdf\xa3\x01\0\0\0"s) == "is a video (Matroska or WebM), not weights");
  CHECK(refusal("RIFF\x10\0\0\0AVI LIST"s) == "is a video (AVI), not weights");
  CHECK(refusal("\x89PNG\r\n\x1a\n\0\0\0\x0d"s) == "is a picture (PNG), not weights");
  CHECK(refusal("\x89HDF\r\n\x1a\n\0\0"s) ==
        "is an HDF5 file (Keras or TensorFlow); pipit reads PyTorch and safetensors files");
  CHECK(refusal("\x1c\0\0\0TFL3\0\0\0\0"s) == "is a TensorFlow Lite model; pipit reads PyTorch and safetensors files");
  CHECK(refusal("\x08\x01\x12\x20serve"s) ==
        "looks like a TensorFlow SavedModel; pipit reads PyTorch and safetensors files");
  CHECK(refusal("\x08\x07\x12\x07pytorch\x1a\x05"s) ==
        "looks like an ONNX model; pipit reads PyTorch and safetensors files");
  CHECK(refusal("GGUF\3\0\0\0\0\0"s) == "is a GGUF file (llama.cpp); pipit reads PyTorch and safetensors files");
  CHECK(refusal("\x1f\x8b\x08\0\0\0\0\0"s) == "is compressed (gzip); unpack it first");
  CHECK(refusal("{\"architectures\": []}") == "is JSON, not weights; name the weight file that belongs to it");
  CHECK(refusal("{\"abcde\":{\"looks\": \"like a safetensors header at byte 8\"}}") ==
        "is JSON, not weights; name the weight file that belongs to it");
  CHECK(refusal("just some words\n") == "is text, not weights; it starts with 'just some words\\x0a'");
  CHECK(refusal(std::string(4096, '\0')) ==
        "starts with zeros, as a download that broke off leaves; download the weights again");
  CHECK(refusal("\x01\x02\xfe"s) == "is neither a safetensors nor a PyTorch file; it starts with the bytes 01 02 fe");
}
