#include "scene.h"

#include <filesystem>

namespace test {
namespace {

constexpr double kLimitSeconds = 60;

}  // namespace

bool Scene::exists(const std::string& name) const {
  return std::filesystem::exists(folder_.path() + "/" + name);
}

Outcome Scene::run(const Words& arguments, const std::string& input) const {
  Call call;
  call.arguments = arguments;
  call.input = input;
  call.folder = folder_.path();
  call.environment = {"PIPIT_OPERATOR_PATH=" PIPIT_TEST_OPERATORS};
  call.limit_s = kLimitSeconds;
  return test::run(call);
}

Outcome Scene::shell(const std::string& command) const {
  Call call;
  call.program = "/bin/bash";
  call.arguments = {"-c", command};
  call.folder = folder_.path();
  call.environment = {"PIPIT_OPERATOR_PATH=" PIPIT_TEST_OPERATORS, "PIPIT=" PIPIT_BUILD_DIR "/bin/pipit"};
  call.limit_s = kLimitSeconds;
  return test::run(call);
}

Outcome Scene::interrupted(const std::string& arguments, const std::string& signal) const {
  return shell("$PIPIT " + arguments + " & p=$!; until grep -qs . out.jsonl; do sleep 0.02; done; kill -" + signal +
               " $p; wait $p");
}

}  // namespace test
