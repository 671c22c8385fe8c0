// Ctrl-C and SIGTERM: whole lines, a prefix of the inputs, an exit status that says so.
#include <doctest/doctest.h>

#include <csignal>
#include <sstream>
#include <string>

#include "scene.h"

using test::Outcome;
using test::Scene;

namespace {

const char* const kRun = "run sleep.yaml --inputs in.jsonl --output out.jsonl";

std::string pipeline(const std::string& ms) {
  return "pipit: 1\ninputs: {text: string}\nnodes:\n"
         "  - {name: sleep, op: test/text.sleep, in: text, out: slept, args: {ms: " +
         ms + "}}\noutputs: [slept]\n";
}

std::string many_lines() {
  std::string lines;
  for (int i = 0; i < 10000; ++i) lines += "{\"text\":\"t" + std::to_string(i) + "\"}\n";
  return lines;
}

/// How many whole lines there are, each the one that belongs there.
int whole_lines(const std::string& text) {
  CHECK((text.empty() || text.back() == '\n'));
  std::istringstream lines(text);
  int n = 0;
  for (std::string line; std::getline(lines, line); ++n) {
    CHECK(line == "{\"item\":" + std::to_string(n) + ",\"slept\":\"t" + std::to_string(n) + "\"}");
  }
  return n;
}

}  // namespace

TEST_CASE("interrupt: a signal drains what is under way for a moment and leaves whole lines") {
  for (const auto& [name, signal] : {std::pair("INT", SIGINT), std::pair("TERM", SIGTERM)}) {
    const Scene scene;
    scene.write("sleep.yaml", pipeline("50"));
    scene.write("in.jsonl", many_lines());
    const Outcome outcome = scene.interrupted(kRun, name);
    CHECK(outcome.status == 128 + signal);
    CHECK(outcome.seconds < 4);
    const int lines = whole_lines(scene.read("out.jsonl"));
    CHECK(lines > 0);
    CHECK(outcome.err ==
          "interrupted: " + (lines == 1 ? "1 result was" : std::to_string(lines) + " results were") + " written\n");
  }
}

TEST_CASE("interrupt: a run that can be drained ends at once") {
  const Scene scene;
  scene.write("sleep.yaml", pipeline("1"));
  const Outcome outcome = scene.shell(
      "mkfifo in; $PIPIT run sleep.yaml --inputs in --output out.jsonl & p=$!; exec 3>in; "
      "printf '{\"text\":\"t0\"}\\n' >&3; "
      "for i in $(seq 200); do grep -q slept out.jsonl 2>/dev/null && break; sleep 0.05; done; "
      "kill -INT $p; wait $p; echo status $?");
  CHECK(outcome.out == "status 130\n");
  CHECK(outcome.err == "interrupted: 1 result was written\n");
  CHECK(outcome.seconds < 10);
  CHECK(whole_lines(scene.read("out.jsonl")) == 1);
}

TEST_CASE("interrupt: an operator that never returns does not keep the program") {
  const Scene scene;
  scene.write("sleep.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: long, op: test/text.longer, in: text, keep: text, out: slow, args: {than: 3}}\n"
              "  - {name: sleep, op: test/text.sleep, in: slow, out: slow, args: {ms: 100000000}}\n"
              "outputs: [text, slow]\n");
  scene.write("in.jsonl", "{\"text\":\"a\"}\n{\"text\":\"long text\"}\n{\"text\":\"c\"}\n");
  const Outcome outcome = scene.interrupted(kRun, "INT");
  CHECK(outcome.status == 130);
  CHECK(outcome.seconds > 1.5);
  CHECK(outcome.seconds < 10);
  CHECK(scene.read("out.jsonl") == "{\"item\":0,\"text\":\"a\",\"slow\":[]}\n");
  CHECK(
      outcome.err.starts_with("interrupted: 1 result was written\n"
                              "node 'sleep': operator 'test/text.sleep' has not returned for "));
  CHECK(outcome.err.ends_with(" s; the process ends without it\n"));
}

TEST_CASE("interrupt: a second signal ends it at once") {
  const Scene scene;
  scene.write("sleep.yaml", pipeline("100000000"));
  scene.write("in.jsonl", many_lines());
  const Outcome outcome = scene.shell(
      "$PIPIT run sleep.yaml --inputs in.jsonl --output out.jsonl & p=$!; sleep 0.5; "
      "kill -TERM $p; sleep 0.2; kill -TERM $p; wait $p; echo status $?");
  CHECK(outcome.out == "status 143\n");
  CHECK(outcome.seconds < 2.5);
}

TEST_CASE("interrupt: other signals do not make it deaf") {
  const Scene scene;
  scene.write("sleep.yaml", pipeline("20"));
  scene.write("in.jsonl", many_lines());
  const Outcome ignored = scene.shell(
      "trap '' USR1 USR2 HUP WINCH; $PIPIT run sleep.yaml --inputs in.jsonl --output out.jsonl & p=$!; "
      "until grep -qs . out.jsonl; do sleep 0.02; done; for s in USR1 USR2 HUP WINCH CONT; do kill -$s $p; done; "
      "sleep 0.1; kill -INT $p; wait $p; echo status $?");
  CHECK(ignored.out == "status 130\n");
  CHECK(ignored.seconds < 20);
  const Outcome other = scene.shell(
      "$PIPIT run sleep.yaml --inputs in.jsonl --output other.jsonl & p=$!; "
      "until grep -qs . other.jsonl; do sleep 0.02; done; kill -USR2 $p; wait $p; echo status $?");
  CHECK_MESSAGE(other.out == "status 140\n", "SIGUSR2 does what it does to any program");
}

TEST_CASE("interrupt: a run that waits for standard input ends") {
  const Scene scene;
  scene.write("sleep.yaml", pipeline("1"));
  const Outcome outcome = scene.shell(
      "mkfifo in; exec 3<>in; $PIPIT run sleep.yaml --inputs - <in & p=$!; sleep 0.5; kill -TERM $p; wait $p; "
      "echo status $?");
  CHECK(outcome.out == "status 143\n");
  CHECK(outcome.seconds < 2);
}
