// Pipelines whose operators run in processes of their own.
#include <dirent.h>
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "pipelines.h"

using test::items;
using test::one;

namespace {

const char* const kStranger = R"(
inputs: {text: string}
nodes:
  - {name: it, op: test/text.stranger, in: text, out: said, isolate: {memory_mib: 256, seconds: 1}}
outputs: [said]
)";

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // which ends a process in its own way at signals of the processor's
#else
constexpr bool kSanitized = false;
#endif

/// Processes that this one has started and that are there still.
std::size_t children() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream status(entry.path() / "stat");
    std::string text;
    std::getline(status, text);
    const std::size_t name_ends = text.rfind(')');
    if (name_ends == std::string::npos) continue;
    char state = 0;
    int parent = 0;
    if (std::sscanf(text.c_str() + name_ends + 2, "%c %d", &state, &parent) == 2 && parent == getpid()) ++count;
  }
  return count;
}

std::int64_t counter(const pipit::Pipeline& pipeline, const std::string& name) {
  const pipit::NodeStats node = pipeline.stats().front();
  for (const auto& [counted, n] : node.counters) {
    if (counted == name) return n;
  }
  return 0;
}

std::string opening_fault(const std::string& yaml) {
  try {
    test::open(yaml);
  } catch (const pipit::Error& e) {
    const std::string text = e.what();
    return text.substr(0, text.find('\n'));
  }
  return "none";
}

}  // namespace

TEST_CASE("isolation: an operator that crashes costs its item, and comes back") {
  {
    pipit::Pipeline pipeline = test::open(kStranger);
    CHECK(items(pipeline, {"good", "crash", "good", "crash", "good"}) ==
          "0 said=done\n"
          "1 it: operator_failed: operator 'test/text.stranger' ended its process by signal SIGABRT (aborted); "
          "its memory is bounded to 256 MiB by 'isolate'\n"
          "2 said=done\n"
          "3 it: operator_failed: operator 'test/text.stranger' ended its process by signal SIGABRT (aborted); "
          "its memory is bounded to 256 MiB by 'isolate'\n"
          "4 said=done\n");
    CHECK(counter(pipeline, "processes_restarted") == 2);
  }
  CHECK(children() == 0);
}

TEST_CASE("isolation: each way to end a process is an item's error") {
  for (const auto& [how, ended] :
       {std::pair("segfault", "by signal SIGSEGV (segmentation fault)"), std::pair("exit", "with status 0"),
        std::pair("_exit", "with status 0"), std::pair("quick_exit", "with status 0"),
        std::pair("abort", "by signal SIGABRT (aborted)"),
        std::pair("divide", "by signal SIGFPE (floating point exception)"),
        std::pair("overflow", "by signal SIGSEGV (segmentation fault)"),
        std::pair("throw", "by signal SIGABRT (aborted)"), std::pair("thread_exit", "with status 7"),
        std::pair("thread_abort", "by signal SIGABRT (aborted)")}) {
    const bool of_processor =
        std::string(ended).starts_with("by signal") && std::string(ended).find("SIGABRT") == std::string::npos;
    if (kSanitized && of_processor) continue;
    CAPTURE(how);
    pipit::Pipeline pipeline = test::open(fmt::format(R"(
inputs: {{text: string}}
nodes:
  - {{name: it, op: test/text.end, in: text, out: same, args: {{how: {}}}, isolate: process}}
outputs: [same]
)",
                                                      how));
    CHECK(items(pipeline, {"a", "bad", "b"}) ==
          fmt::format("0 same=a\n"
                      "1 it: operator_failed: operator 'test/text.end' ended its process {}; its memory is bounded to "
                      "4096 MiB by 'isolate'\n"
                      "2 same=b\n",
                      ended));
  }
}

TEST_CASE("isolation: an operator that hangs is ended, one that works for long is not") {
  pipit::Pipeline pipeline = test::open(kStranger);
  CHECK(
      one(pipeline, "hang") ==
      "it: operator_failed: operator 'test/text.stranger' gave no sign of life for 1 s, so that its process was ended; "
      "if it needs longer, raise 'isolate: {seconds: …}'");
  CHECK(one(pipeline, "good") == "said=done");
  // Rows that come are signs of life.
  pipit::Pipeline slow = test::open(R"(
inputs: {text: string}
nodes:
  - {name: split, op: test/text.words, in: text, out: word}
  - {name: sleep, op: test/text.sleep, in: word, out: same, args: {ms: 300}, isolate: {seconds: 1}}
outputs: [same]
)");
  CHECK(one(slow, "a b c d e f") == "same=[a b c d e f]");
}

TEST_CASE("isolation: memory beyond the bound is refused") {
  pipit::Pipeline pipeline = test::open(kStranger);
  // Sanitizers need more for themselves than any bound.
  CHECK(one(pipeline, "hog") == (kSanitized ? "said=had it" : "it: out_of_memory: memory is exhausted"));
  CHECK(one(pipeline, "good") == "said=done");
  CHECK(counter(pipeline, "processes_restarted") == 0);
}

TEST_CASE("isolation: files cannot be changed, nobody be spoken to, nothing be started") {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / fmt::format("pipit_{}", getpid());
  std::filesystem::create_directory(folder);
  const std::string file = folder / "file";
  std::ofstream(file) << "content";
  pipit::Pipeline pipeline = test::open(kStranger);
  for (const std::string what : {"write", "append", "truncate", "remove", "rename", "chmod"}) {
    CAPTURE(what);
    CHECK(one(pipeline, fmt::format("{} {}", what, file)) == "said=Operation not permitted");
  }
  for (const std::string what : {"create", "folder", "link"}) {
    CAPTURE(what);
    CHECK(one(pipeline, fmt::format("{} {}/new", what, folder.string())) == "said=Operation not permitted");
  }
  for (const std::string what : {"socket", "fork", "program", "shell", "signal", "type", "limit"}) {
    CAPTURE(what);
    CHECK(one(pipeline, what) == "said=Operation not permitted");
  }
  CHECK(one(pipeline, "read " + file) == "said=done");
  CHECK(one(pipeline, "thread") == "said=done");
  CHECK(counter(pipeline, "processes_restarted") == 0);
  std::string content;
  std::getline(std::ifstream(file), content);
  CHECK(content == "content");
  CHECK(std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()) == 1);
  std::filesystem::remove_all(folder);
}

TEST_CASE("isolation: an item's instance keeps its state, and the process serves the next item") {
  pipit::Pipeline pipeline = test::open(R"(
inputs: {text: string}
nodes:
  - {name: split, op: test/text.words, in: text, out: word}
  - {name: second, op: test/text.every_second, in: word, out: some, isolate: process}
outputs: [some]
)");
  CHECK(items(pipeline, {"a b c", "", "d"}) == "0 some=[a c of 3]\n1 some=[of 0]\n2 some=[d of 1]\n");
  pipit::Pipeline stranger = test::open(kStranger);
  CHECK(one(stranger, "process") == one(stranger, "process"));
  CHECK(one(stranger, "process") != fmt::format("said={}", getpid()));
}

TEST_CASE("isolation: a call for several items that ends the process costs the one at fault") {
  pipit::Pipeline pipeline = test::open(R"(
inputs: {text: string}
nodes:
  - {name: it, op: test/text.stranger, in: text, out: said, batch: {max: 8, wait_ms: 200}, isolate: {memory_mib: 256}}
outputs: [said]
)");
  CHECK(items(pipeline, {"a", "b", "crash", "d", "e"}) ==
        "0 said=done\n1 said=done\n"
        "2 it: operator_failed: operator 'test/text.stranger' ended its process by signal SIGABRT (aborted); "
        "its memory is bounded to 256 MiB by 'isolate'\n"
        "3 said=done\n4 said=done\n");
}

TEST_CASE("isolation: warnings, counters, errors and refused rows come through") {
  std::vector<std::string> warnings;
  pipit::Options options;
  options.on_warning = [&](const std::string& warning) { warnings.push_back(warning); };
  pipit::Pipeline pipeline = test::open(kStranger, options);
  CHECK(one(pipeline, "warn") == "said=done");
  CHECK(one(pipeline, "warn") == "said=done");
  CHECK(warnings == std::vector<std::string>{"pipeline:4: node 'it': a warning"});
  pipit::Pipeline upper = test::open(R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud, isolate: process}
outputs: [loud]
)");
  CHECK(
      items(upper, {"a", "bad", "?", "#", "b"}) ==
      "0 loud=A\n1 up: bad_text: 'bad' is bad\n"
      "2 up: operator_failed: threw something that is not a std::exception\n3 up: operator_failed: a hash\n4 loud=B\n");
  CHECK(counter(upper, "texts") == 2);
  pipit::Pipeline half = test::open(R"(
inputs: {n: int}
nodes:
  - {name: half, op: test/text.half, in: n, out: h, isolate: process}
outputs: [h]
)");
  CHECK(test::text_of(half.call({{"n", 8}})) == "h=4");
  CHECK(test::text_of(half.call({{"n", 7}})) == "half: odd: 7 is odd");
}

TEST_CASE("isolation: nobody waits for rows that nobody wants") {
  pipit::Pipeline pipeline = test::open(R"(
inputs: {to: int}
nodes:
  - {name: count, op: test/text.count, in: to, out: number, isolate: process}
  - {name: half, op: test/text.half, in: number, out: h}
outputs: [h]
)");
  // Every second number is odd: the first node need not count to the end.
  const auto begin = std::chrono::steady_clock::now();
  CHECK(test::text_of(pipeline.call({{"to", 1'000'000'000}})).ends_with(" is odd"));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}

TEST_CASE("isolation: what it prints is no result, and it ends with the pipeline") {
  {
    pipit::Pipeline pipeline = test::open(kStranger);
    CHECK(one(pipeline, "print") == "said=done");
    CHECK(children() == 1);
  }
  CHECK(children() == 0);
}

TEST_CASE("isolation: faults of constructing are those of opening") {
  CHECK(opening_fault(R"(
inputs: {text: string}
nodes:
  - {name: it, op: test/text.end, in: text, out: same, args: {how: abort, when: construction}, isolate: process}
outputs: [same]
)") == "pipeline:4: node 'it': operator 'test/text.end' ended its process by signal SIGABRT (aborted); its memory is "
       "bounded "
       "to 4096 MiB by 'isolate'");
  CHECK(opening_fault(R"(
inputs: {text: string}
nodes:
  - {name: it, op: test/text.rogue, in: text, out: same, args: {how: constructor}, isolate: process}
outputs: [same]
)") == "pipeline:4: node 'it': weights 'w' do not exist");
  CHECK(children() == 0);
}

TEST_CASE("isolation: what 'isolate' may say") {
  const auto fault = [](const std::string& isolate) {
    return opening_fault(fmt::format(R"(
inputs: {{text: string}}
nodes:
  - {{name: it, op: test/text.upper, in: text, out: loud, isolate: {}}}
outputs: [loud]
)",
                                     isolate));
  };
  CHECK(fault("none") == "none");
  CHECK(fault("{}") == "none");
  CHECK(fault("thread") ==
        "pipeline:4:67: node 'it': 'isolate' must be 'none', 'process' or {memory_mib, seconds}, found 'thread'");
  CHECK(fault("[process]") ==
        "pipeline:4:67: node 'it': 'isolate' must be 'none', 'process' or {memory_mib, seconds}, found a list");
  CHECK(fault("{memory: 1}") ==
        "pipeline:4:68: node 'it': 'isolate': no key 'memory' (the keys are 'memory_mib' and 'seconds')");
  CHECK(fault("{memory_mib: 1}") ==
        "pipeline:4:80: node 'it': 'isolate.memory_mib' must be a number of at least 64, found '1'");
  CHECK(fault("{seconds: 0}") ==
        "pipeline:4:77: node 'it': 'isolate.seconds' must be a number of at least 0.1, found '0'");
  CHECK(fault("{seconds: 1e9}") ==
        "pipeline:4:77: node 'it': 'isolate.seconds' must be at most 1000000, found 1000000000");
}

TEST_CASE("isolation: a var may say it") {
  const std::string yaml = R"(
vars: {isolate: none}
inputs: {text: string}
nodes:
  - {name: it, op: test/text.stranger, in: text, out: said, isolate: $isolate}
outputs: [said]
)";
  pipit::Pipeline inside = test::open(yaml);
  CHECK(one(inside, "process") == fmt::format("said={}", getpid()));
  pipit::Options options;
  options.set.emplace_back("vars.isolate", "process");
  pipit::Pipeline outside = test::open(yaml, options);
  CHECK(one(outside, "process") != fmt::format("said={}", getpid()));
}

TEST_CASE("isolation: the host's own code, and a module without a signature in its file, are refused") {
  pipit::Options options;
  options.operators.push_back({"host.same",
                               pipit::Signature("The same.").input("text", "string").output("text", "string"),
                               [](const pipit::Row& row, pipit::Emitter& out) { out.emit(row[0]); }});
  std::string text;
  try {
    test::open(R"(
inputs: {text: string}
nodes:
  - {name: it, op: host.same, in: text, out: same, isolate: process}
outputs: [same]
)",
               options);
  } catch (const pipit::Error& e) {
    text = e.what();
  }
  CHECK(text.substr(0, text.find('\n')) ==
        "pipeline:4:61: node 'it': operator 'host.same' is the host's own code, which runs in its process; leave "
        "'isolate' "
        "out");
  options.operators.clear();
  options.operator_path.emplace_back(PIPIT_BROKEN_MODULES "/..");
  text = "";
  try {
    test::open(R"(
inputs: {text: string}
nodes:
  - {name: it, op: broken.aborts, in: text, out: same, isolate: process}
outputs: [same]
)",
               options);
  } catch (const pipit::Error& e) {
    text = e.what();
  }
  CHECK(
      text.find("broken/aborts.so: has no signature in its file, so that it would have to run here to be asked, which "
                "'isolate' rules out; build it with pipit_add_operator()") != std::string::npos);
}

TEST_CASE("isolation: a process that is ended from outside is replaced") {
  pipit::Pipeline pipeline = test::open(kStranger);
  const std::string first = one(pipeline, "process");
  kill(std::atoi(first.c_str() + sizeof("said=") - 1), SIGKILL);
  // The item that meets it pays for it; the next does not.
  const std::string met = one(pipeline, "process");
  CHECK(
      met ==
      "it: operator_failed: operator 'test/text.stranger' ended its process by signal SIGKILL (killed); its memory is "
      "bounded to 256 MiB by 'isolate'");
  CHECK(one(pipeline, "good") == "said=done");
}

TEST_CASE("isolation: cancelled in the middle it ends") {
  pipit::Pipeline pipeline = test::open(kStranger);
  pipeline.push({{"text", "hang"}});
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  pipeline.cancel();
}

TEST_CASE("isolation: an item that has failed elsewhere does not wait for an operator that hangs") {
  pipit::Pipeline pipeline = test::open(R"(
inputs: {text: string}
nodes:
  - {name: it, op: test/text.stranger, in: text, out: said, isolate: process}
  - {name: up, op: test/text.upper, in: text, out: loud}
outputs: [said, loud]
)");
  const auto begin = std::chrono::steady_clock::now();
  CHECK(one(pipeline, "hang bad").starts_with("up: bad_text: 'hang bad' is bad"));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(60));
  CHECK(one(pipeline, "good") == "said=done loud=GOOD");
}
