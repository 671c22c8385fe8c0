// pipit weights convert --format torchscript, which takes LibTorch.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "program.h"

using test::Outcome;
using test::TemporaryFolder;

namespace {

const std::string kData = std::string(PIPIT_SOURCE_DIR) + "/tests/weights/data/";

Outcome weights(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "weights");
  test::Call call;
  call.arguments = std::move(arguments);
  call.environment = {"PIPIT_CACHE=off"};
  return test::run(call);
}

}  // namespace

TEST_CASE("weights convert: a TorchScript archive is a weight file again and keeps what its config told") {
  const TemporaryFolder folder;
  const std::string out = folder.path() + "/model.pt";
  const Outcome outcome = weights({"convert", kData + "huggingface", out, "--format", "torchscript", "--json"});
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  CHECK(nlohmann::json::parse(outcome.out).at("conversion") == "torchscript");
  const auto json = nlohmann::json::parse(weights({"inspect", out, "--json"}).out);
  CHECK(json.at("container") == "TorchScript archive");
  CHECK(json.at("activation") == "gelu");
  CHECK(json.at("assumptions") == nlohmann::json::array());
}

TEST_CASE("weights convert: TorchScript is not to be had quantised or in another dtype") {
  const TemporaryFolder folder;
  const std::string out = folder.path() + "/model.pt";
  const Outcome quantised = weights({"convert", kData + "wide_int8.safetensors", out, "--format", "torchscript"});
  CHECK(quantised.status == 2);
  CHECK(quantised.err == "'" + kData +
                             "wide_int8.safetensors' holds 8-bit weights, which TorchScript has no operators for; take "
                             "the file that they were quantised from\n");
  CHECK_FALSE(std::filesystem::exists(out));
  const Outcome half = weights({"convert", kData + "huggingface", out, "--format", "torchscript", "--dtype", "fp16"});
  CHECK(half.status == 2);
}
