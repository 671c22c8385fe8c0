// An operator that ends the process under the program: who it was is told, and what was written stays whole.
#include <doctest/doctest.h>

#include <csignal>
#include <string>

#include "scene.h"

using test::Outcome;
using test::Scene;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::string pipeline(const std::string& args) {
  return "pipit: 1\ninputs: {text: string}\nnodes:\n"
         "  - {name: boom, op: test/text.end, in: text, out: same, args: {" +
         args + "}}\noutputs: [same]\n";
}

/// What standard error ends with, after what the C library or a sanitizer has to say.
std::string last_line(const std::string& text) {
  if (text.empty()) return "";
  const std::size_t before = text.rfind('\n', text.size() - 2);
  return text.substr(before == std::string::npos ? 0 : before + 1);
}

/// Runs a good item and then one at which the operator ends the process.
Outcome ended(const std::string& args) {
  const Scene scene;
  scene.write("p.yaml", pipeline(args));
  const Outcome outcome = scene.shell(
      "mkfifo in; $PIPIT run p.yaml --inputs in --output out.jsonl & p=$!; exec 3>in; echo '{\"text\":\"a\"}' >&3; "
      "until grep -qs . out.jsonl || ! kill -0 $p 2>/dev/null; do sleep 0.02; done; "
      "echo '{\"text\":\"bad\"}' >&3 2>/dev/null; wait $p");
  CHECK(outcome.seconds < 30);
  if (args.find("when: construction") == std::string::npos) {
    CHECK(scene.read("out.jsonl") == "{\"item\":0,\"same\":\"a\"}\n");
  }
  return outcome;
}

std::string at_item_1(const std::string& what) {
  return "p.yaml:4: node 'boom': operator 'test/text.end' ended the process at item 1: " + what + "\n";
}

}  // namespace

TEST_CASE("crash: an operator that calls exit is named and the run has not succeeded") {
  const Outcome outcome = ended("how: exit");
  CHECK(outcome.err == at_item_1("it called exit(0)"));
  CHECK(outcome.status == 3);
  CHECK(ended("how: quick_exit").err == at_item_1("it called quick_exit()"));
  const Outcome at_once = ended("how: _exit");
  CHECK(at_once.err == at_item_1("it called _exit(0)"));
  CHECK(at_once.status == 3);
}

TEST_CASE("crash: children that an operator starts end as they like") {
  const Scene scene;
  scene.write("p.yaml", pipeline("how: child"));
  const Outcome outcome = scene.run({"run", "p.yaml", "--input", "text=bad"});
  CHECK(outcome.out == "{\"item\":0,\"same\":\"bad\"}\n");
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
}

TEST_CASE("crash: a signal in an operator names its node") {
  for (const auto& [how, signal] :
       {std::pair("segfault", "signal SIGSEGV (segmentation fault)"),
        std::pair("divide", "signal SIGFPE (arithmetic error)"), std::pair("abort", "signal SIGABRT (abort)")}) {
    CAPTURE(how);
    const Outcome outcome = ended(std::string("how: ") + how);
    if (kSanitized) {
      CHECK(outcome.err.starts_with(at_item_1(signal)));
    } else {
      CHECK(outcome.err == at_item_1(signal));
      CHECK(outcome.status == 3);
    }
  }
}

TEST_CASE("crash: a stack that is used up names its node") {
  const Outcome outcome = ended("how: overflow");
  CHECK(outcome.err.find(at_item_1("signal SIGSEGV (segmentation fault)")) != std::string::npos);
  if (!kSanitized) CHECK(outcome.status == 3);
}

TEST_CASE("crash: an exception that nothing catches names its node") {
  const Outcome outcome = ended("how: throw");
  CHECK(outcome.err.find("nobody catches this") != std::string::npos);
  CHECK(outcome.err.find(at_item_1("signal SIGABRT (abort)")) != std::string::npos);
}

TEST_CASE("crash: a thread of the operator's own has no node") {
  const Outcome exited = ended("how: thread_exit");
  CHECK(last_line(exited.err) == "an operator's own thread ended the process: it called exit(7)\n");
  CHECK(exited.status == 3);
  const Outcome aborted = ended("how: thread_abort");
  CHECK(aborted.err.find("an operator's own thread ended the process: signal SIGABRT (abort)\n") != std::string::npos);
}

TEST_CASE("crash: construction is told as such") {
  const Scene scene;
  scene.write("p.yaml", pipeline("how: exit, when: construction"));
  const Outcome outcome = scene.run({"run", "p.yaml", "--input", "text=a"});
  CHECK(outcome.out == "");
  CHECK(outcome.err ==
        "p.yaml:4: node 'boom': operator 'test/text.end' ended the process while it was constructed: it called "
        "exit(0)\n");
  CHECK(outcome.status == 3);
}

TEST_CASE("crash: destruction is told as such") {
  const Scene scene;
  scene.write("p.yaml", pipeline("how: exit, when: destruction"));
  const Outcome outcome = scene.run({"run", "p.yaml", "--input", "text=a"});
  CHECK(outcome.out == "{\"item\":0,\"same\":\"a\"}\n");
  CHECK(
      outcome.err ==
      "p.yaml:4: node 'boom': operator 'test/text.end' ended the process while it was destroyed: it called exit(0)\n");
  CHECK(outcome.status == 3);
}

TEST_CASE("crash: a static destructor that crashes is not called pipit's") {
  const Scene scene;
  scene.write("p.yaml", pipeline("how: segfault, when: exit"));
  const Outcome outcome = scene.run({"run", "p.yaml", "--input", "text=a"});
  CHECK(outcome.out == "{\"item\":0,\"same\":\"a\"}\n");
  const std::string told =
      "the work was done, then a destructor or an exit handler of an operator or of a library crashed: signal SIGSEGV "
      "(segmentation fault)\n";
  if (kSanitized) {
    CHECK(outcome.err.starts_with(told));
  } else {
    CHECK(outcome.err == told);
    CHECK(outcome.status == 3);
  }
}

TEST_CASE("crash: a resumed run tells the number that the item has in the inputs") {
  const Scene scene;
  scene.write("p.yaml", pipeline("how: exit"));
  scene.write("in.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n");
  CHECK(scene.run({"run", "p.yaml", "--inputs", "in.jsonl", "--output", "out.jsonl"}).status == 0);
  scene.write("in.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n{\"text\":\"bad\"}\n");
  const Outcome outcome = scene.run({"run", "p.yaml", "--inputs", "in.jsonl", "--output", "out.jsonl", "--resume"});
  CHECK(outcome.err ==
        "p.yaml:4: node 'boom': operator 'test/text.end' ended the process at item 2: it called exit(0)\n");
  CHECK(outcome.status == 3);
  CHECK(scene.read("out.jsonl") == "{\"item\":0,\"same\":\"a\"}\n{\"item\":1,\"same\":\"b\"}\n");
}

TEST_CASE("crash: a run without one ends as ever") {
  const Scene scene;
  scene.write("p.yaml", pipeline("how: exit"));
  const Outcome outcome = scene.run({"run", "p.yaml", "--input", "text=good"});
  CHECK(outcome.out == "{\"item\":0,\"same\":\"good\"}\n");
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
}

TEST_CASE("crash: an index that is cut while it is searched is named") {
  const Scene scene;
  scene.write("p.yaml",
              "pipit: 1\ninputs: {text: string}\nnodes:\n"
              "  - {name: point, op: test/text.point, in: text, out: vec, args: {space: A, size: 2}}\n"
              "outputs: [text, vec]\nindex: {vector: vec, text: ask.yaml}\n");
  scene.write(
      "ask.yaml",
      "pipit: 1\ninputs: {text: string}\nnodes:\n"
      "  - {name: point, op: test/text.point, in: text, out: vec, args: {space: A, size: 2}}\noutputs: [vec]\n");
  std::string lines;
  for (int i = 2; i < 3000; ++i) lines += "{\"text\":\"1 " + std::to_string(i) + "\"}\n";
  scene.write("in.jsonl", lines);
  CHECK(scene.run({"run", "p.yaml", "--inputs", "in.jsonl", "--output", "x.index"}).err == "");
  // The first query opens the index; then the vectors are cut, then it is asked again.
  const Outcome outcome = scene.shell(
      "(echo '1 2'; while ! grep -qs '^  1 ' out; do sleep 0.05; done; file=$(ls x.index/segments/*/vectors.npy); "
      "truncate -s 256 $file; echo '2 1') | \"$PIPIT\" search x.index --interactive >out");
  const std::string tail =
      "/vectors.npy' cannot be read where it is mapped: it was made shorter meanwhile, or its disk failed. A new file "
      "is put in a file's place by renaming, or weights are read beforehand with mmap: false. What was written before "
      "is whole, and pipit run --resume goes on\n";
  CHECK(outcome.err.starts_with("'/"));
  const std::string first = outcome.err.substr(0, outcome.err.find('\n') + 1);
  CHECK(first.ends_with(tail));
  // A sanitizer's report comes behind it.
  if (!kSanitized) CHECK(outcome.err == first);
}
