// The runtime inside a host: its own operators, cancel from every state, what is left alone, what is left behind.
#include <doctest/doctest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <clocale>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "pipelines.h"

using pipit::HostOperator;
using pipit::Options;
using pipit::Pipeline;
using pipit::Result;
using pipit::Row;
using pipit::Signature;
using pipit::Value;

namespace {

const char* const kUpper = R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: loud}
outputs: [loud]
)";

// The first item that gets there stays for a while.
const char* const kSleep = R"(
inputs: {text: string}
nodes:
  - {name: up, op: test/text.upper, in: text, out: text}
  - {name: sleep, op: test/text.sleep, in: text, out: text, args: {ms: 50}}
outputs: [text]
)";

std::ptrdiff_t entries(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

// A thread that has been joined stays in /proc until the kernel has taken it away.
bool no_more_threads_than(std::ptrdiff_t threads) {
  for (int tries = 0; tries < 500; ++tries) {
    if (entries("/proc/self/task") <= threads) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

Options with(HostOperator own) {
  Options options;
  options.operators.push_back(std::move(own));
  return options;
}

std::string refusal(HostOperator own) {
  try {
    test::open(kUpper, with(std::move(own)));
  } catch (const pipit::Error& e) {
    return e.code() + ": " + e.what();
  }
  return "";
}

Signature text_to_text() {
  return Signature("For tests.").input("text", "string").output("text", "string");
}

}  // namespace

TEST_CASE("host operator: a function is a node") {
  Options options;
  options.operators.emplace_back("host.length",
                                 Signature("Bytes of a text.").input("text", "string").output("bytes", "int"),
                                 [](const Row& row) { return static_cast<std::int64_t>(row[0].string().size()); });
  options.operators.emplace_back("host.letters",
                                 Signature("A row a letter.").input("text", "string").output_many("letter", "string"),
                                 [](const Row& row, pipit::Emitter& out) {
                                   for (char c : row[0].string()) out.emit(std::string(1, c));
                                 });
  options.operators.emplace_back("host.vowel",
                                 Signature("Whether it is one.").input("letter", "string").output("yes", "bool"),
                                 [](const Row& row) { return std::strchr("aeiou", row[0].string()[0]) != nullptr; });
  options.operators.emplace_back("host.count", Signature("Rows.").input_window("letters", "string").output("n", "int"),
                                 [](const Row& row) { return static_cast<std::int64_t>(row[0].list().size()); });
  Pipeline pipeline = test::open(R"(
inputs: {text: string}
nodes:
  - {name: length, op: host.length, in: text, out: bytes, replicas: 2}
  - {name: letters, op: host.letters, in: text, out: letter}
  - {name: vowels, op: host.vowel, in: letter, keep: letter}
  - {name: count, op: host.count, in: letter, out: n}
outputs: [bytes, letter, n]
)",
                                 options);
  CHECK(test::one(pipeline, "opera") == "bytes=5 letter=[o e a] n=3");
  CHECK(test::one(pipeline, "") == "bytes=0 letter=[] n=0");
}

TEST_CASE("host operator: a function with state of the host's serves several pipelines") {
  auto seen = std::make_shared<std::atomic<int>>(0);
  const Options options = with({"host.tap", text_to_text(), [seen](const Row& row) {
                                  ++*seen;
                                  return row[0];
                                }});
  const char* const yaml = R"(
inputs: {text: string}
nodes:
  - {name: tap, op: host.tap, in: text, out: text, replicas: 3}
outputs: [text]
)";
  {
    Pipeline one = test::open(yaml, options);
    Pipeline two = test::open(yaml, options);
    for (int i = 0; i < 10; ++i) {
      CHECK(test::one(one, "a") == "text=a");
      CHECK(test::one(two, "b") == "text=b");
    }
  }
  CHECK(*seen == 20);
  CHECK_MESSAGE(seen.use_count() == 2, "the pipelines have let go of it");
}

TEST_CASE("host operator: what a function throws fails its item alone") {
  Pipeline pipeline = test::open(R"(
inputs: {text: string}
nodes:
  - {name: picky, op: host.picky, in: text, out: text}
outputs: [text]
)",
                                 with({"host.picky", text_to_text(), [](const Row& row) -> Value {
                                         if (row[0].string() == "a") throw pipit::Error("picky", "not a");
                                         if (row[0].string() == "b") throw 7;
                                         if (row[0].string() == "c") return 7;
                                         return row[0];
                                       }}));
  CHECK(test::items(pipeline, {"a", "b", "c", "d"}) ==
        "0 picky: picky: not a\n"
        "1 picky: operator_failed: threw something that is not a std::exception\n"
        "2 picky: operator_failed: operator 'host.picky' gave int for its output 'text', which is string\n"
        "3 text=d\n");
}

TEST_CASE("host operator: comes before one of its name on the path and among the near names") {
  Pipeline pipeline =
      test::open(kUpper, with({"test/text.upper", text_to_text(), [](const Row& row) { return row[0]; }}));
  CHECK(test::one(pipeline, "a") == "loud=a");
  try {
    test::open("\ninputs: {text: string}\nnodes:\n  - {name: x, op: host.tep, in: text, out: y}\noutputs: [y]\n",
               with({"host.tap", text_to_text(), [](const Row& row) { return row[0]; }}));
    FAIL("was not refused");
  } catch (const pipit::Error& e) {
    CHECK(std::string(e.what()).find("no operator 'host.tep'; did you mean 'host.tap'?") != std::string::npos);
  }
}

TEST_CASE("host operator: what a function cannot be is refused") {
  const auto same = [](const Row& row) { return row[0]; };
  CHECK(refusal({"tap", text_to_text(), same}) ==
        "invalid_argument: operator 'tap' of the host needs a name like 'host.length'");
  CHECK(refusal({"host.tap", text_to_text(), HostOperator::Function()}) ==
        "invalid_argument: operator 'host.tap' of the host has no function");
  CHECK(refusal({"host.tap", text_to_text().argument("n", "int", "1", ""), same}) ==
        "invalid_argument: operator 'host.tap' of the host has arguments; its function brings along what it needs");
  CHECK(refusal({"host.tap", text_to_text().per_item(), same}) ==
        "invalid_argument: operator 'host.tap' of the host is per_item, which a function cannot be");
  CHECK(refusal({"host.tap", text_to_text().batch(4), same}) ==
        "invalid_argument: operator 'host.tap' of the host takes batches, which a function does not");
  CHECK(refusal({"host.tap", Signature("").input("text", "txt").output("text", "string"), same})
            .starts_with("invalid_argument: operator 'host.tap' of the host is wrong: signature: port 'text'"));
}

TEST_CASE("submit: a function is called with each result and with what was cancelled") {
  Pipeline pipeline = test::open(kUpper);
  std::mutex mutex;
  std::condition_variable changed;
  std::multiset<std::string> told;
  const auto tell = [&](const Result& result) {
    const std::scoped_lock lock(mutex);
    told.insert(test::text_of(result));
    changed.notify_all();
  };
  for (const char* text : {"a", "bad", "b"}) pipeline.submit({{"text", text}}, tell);
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return told.size() == 3; });
  }
  CHECK(told == std::multiset<std::string>{"loud=A", "loud=B", "up: bad_text: 'bad' is bad"});
  pipeline.cancel();
  pipeline.submit({{"text", "c"}}, tell);
  CHECK(told.count(": cancelled: the run was cancelled") == 1);
}

TEST_CASE("cancel: while it opens") {
  int asked = 0;
  Options options;
  options.cancel_opening = [&] { return ++asked == 2; };
  CHECK_THROWS_WITH_AS(test::open(kSleep, options), "opening was cancelled", pipit::Error);
  CHECK(asked == 2);
}

TEST_CASE("cancel: before the first item") {
  Pipeline pipeline = test::open(kSleep);
  pipeline.cancel();
  pipeline.cancel();
  CHECK_FALSE(pipeline.push({{"text", "a"}}));
  CHECK_FALSE(pipeline.next());
  CHECK(test::one(pipeline, "a") == ": cancelled: the run was cancelled");
}

TEST_CASE("cancel: while it runs and somebody waits at each end") {
  Options options;
  options.items_in_flight = 2;
  Pipeline pipeline = test::open(kSleep, options);
  auto future = pipeline.submit({{"text", "first"}});
  std::thread producer([&] {
    while (pipeline.push({{"text", "a"}})) continue;
  });
  std::thread consumer([&] {
    while (pipeline.next()) continue;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(70));
  pipeline.cancel();
  producer.join();
  consumer.join();
  const Result first = future.get();
  CHECK((!first.error || first.error->code == "cancelled"));
}

TEST_CASE("cancel: while it drains") {
  Pipeline pipeline = test::open(kSleep);
  for (int i = 0; i < 100; ++i) pipeline.push({{"text", "a"}});
  pipeline.close();
  REQUIRE(pipeline.next());
  pipeline.cancel();
  CHECK_FALSE(pipeline.next());
}

TEST_CASE("cancel: after an item has failed and after the end") {
  Pipeline pipeline = test::open(kSleep);
  pipeline.push({{"text", "bad"}});
  pipeline.close();
  CHECK(pipeline.next()->error->code == "bad_text");
  CHECK_FALSE(pipeline.next());
  pipeline.cancel();
  CHECK_FALSE(pipeline.next());
}

TEST_CASE("stats: may be asked for while the pipeline runs") {
  Pipeline pipeline = test::open(kSleep);
  auto future = pipeline.submit({{"text", "a"}});
  double in_call = 0;
  while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    in_call = std::max(in_call, pipeline.stats()[1].in_call_s);
  }
  CHECK(in_call > 0);
  CHECK(future.get().get("text").string() == "A");
  const std::vector<pipit::NodeStats> stats = pipeline.stats();
  CHECK(stats[1].calls == 1);
  CHECK(stats[1].queued_rows > 0);
  CHECK(stats[1].queued_bytes > 0);
}

TEST_CASE("spans: every call is told with its node and rows") {
  std::mutex mutex;
  std::int64_t rows = 0;
  Options options;
  options.on_span = [&](const pipit::Span& span) {
    const std::scoped_lock lock(mutex);
    if (span.kind != pipit::Span::Kind::kCall || span.node != "sleep") return;
    rows += span.rows;
    CHECK(span.end >= span.begin);
    CHECK(span.first_item <= span.last_item);
  };
  Pipeline pipeline = test::open(kSleep, options);
  test::items(pipeline, {"a", "b", "c"});
  const std::scoped_lock lock(mutex);
  CHECK(rows == 3);
}

TEST_CASE("pipelines: a thousand leave no thread and no file and no memory behind") {
  // What is loaded once for good is loaded by the first.
  for (int i = 0; i < 20; ++i) test::open(kUpper);
  const auto threads = entries("/proc/self/task");
  const auto files = entries("/proc/self/fd");
  const auto bytes = mallinfo2().uordblks;
  for (int i = 0; i < 1000; ++i) {
    Pipeline pipeline = test::open(kUpper);
    if (i % 4 == 0) CHECK(test::one(pipeline, "a") == "loud=A");
    if (i % 4 == 1) pipeline.push({{"text", "left behind"}});
    if (i % 4 == 2) pipeline.cancel();
  }
  CHECK(no_more_threads_than(threads));
  CHECK(entries("/proc/self/fd") == files);
  CHECK_MESSAGE(mallinfo2().uordblks < bytes + 100'000, "a thousand times a hundred bytes");
}

TEST_CASE("pipelines: several run at once") {
  std::vector<std::thread> hosts;
  std::atomic<int> good{0};
  for (int host = 0; host < 6; ++host) {
    hosts.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        Pipeline pipeline = test::open(kUpper);
        for (int item = 0; item < 20; ++item) good += test::one(pipeline, "a") == "loud=A" ? 1 : 0;
      }
    });
  }
  for (std::thread& host : hosts) host.join();
  CHECK(good == 6 * 10 * 20);
}

TEST_CASE("pipelines: the host's signals and locale and environment are left alone") {
  std::vector<struct sigaction> before(NSIG);
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, nullptr, &before[static_cast<std::size_t>(signal)]);
  sigset_t mask{};
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  const std::string locale = std::setlocale(LC_ALL, nullptr);
  const auto variables = [] {
    std::vector<std::string> all;
    for (char** variable = environ; *variable != nullptr; ++variable) all.emplace_back(*variable);
    return all;
  };
  const std::vector<std::string> environment = variables();
  {
    Pipeline pipeline = test::open(kUpper);
    test::items(pipeline, {"a", "bad", "c"});
  }
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction after {};
    sigaction(signal, nullptr, &after);
    CAPTURE(signal);
    CHECK((after.sa_handler == before[static_cast<std::size_t>(signal)].sa_handler));
  }
  sigset_t mask_after{};
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_after);
  CHECK(std::memcmp(&mask, &mask_after, sizeof(mask)) == 0);
  CHECK(std::setlocale(LC_ALL, nullptr) == locale);
  CHECK(variables() == environment);
}

namespace {

/// Gives "t0", "t1", … `count` times.
auto texts(int count) {
  return [count, n = 0]() mutable -> std::optional<pipit::Inputs> {
    if (n == count) return std::nullopt;
    return pipit::Inputs{{"text", "t" + std::to_string(n++)}};
  };
}

/// What a function comes to in a child of this process: its text; "hung" when it does not come back.
template <class Function>
std::string in_child(Function&& function) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    std::string text;
    try {
      text = function();
    } catch (const pipit::Error& e) {
      text = e.code() + ": " + e.what();
    }
    _exit(write(ends[1], text.data(), text.size()) < 0 ? 1 : 0);
  }
  close(ends[1]);
  std::string text(4096, '\0');
  const ssize_t got = read(ends[0], text.data(), text.size());
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return WIFSIGNALED(status) ? "hung" : text;
}

// The thread sanitizer lets no child of a process with threads start its own.
#if defined(__SANITIZE_THREAD__)
constexpr bool kThreadsInChildren = false;
#else
constexpr bool kThreadsInChildren = true;
#endif

const char* const kElsewhere =
    "unavailable: the pipeline was opened before fork() and its threads are not in this process; open it in the child";

}  // namespace

TEST_CASE("stream: results come in the order of the inputs") {
  Options options;
  options.items_in_flight = 3;
  Pipeline pipeline = test::open(kUpper, options);
  std::string lines;
  pipeline.stream(texts(500), [&](const Result& result) { lines += test::text_of(result) + "\n"; });
  std::string expected;
  for (int i = 0; i < 500; ++i) expected += "loud=T" + std::to_string(i) + "\n";
  CHECK(lines == expected);
}

TEST_CASE("stream: a consumer that throws ends it whatever is in flight") {
  Options options;
  options.items_in_flight = 2;
  Pipeline pipeline = test::open(kUpper, options);
  int taken = 0;
  const auto take = [&](const Result& result) {
    ++taken;
    CHECK_THROWS_WITH_AS(result.at("vec"), "no output 'vec'; the item has 'loud'", pipit::Error);
    static_cast<void>(result.at("loud").tensor());
  };
  CHECK_THROWS_WITH_AS(pipeline.stream(texts(100000), take), "value is string, read as tensor", pipit::Error);
  CHECK(taken == 1);
  CHECK_FALSE(pipeline.push({{"text", "a"}}));
}

TEST_CASE("stream: a producer that throws keeps the results of what it gave") {
  Pipeline pipeline = test::open(kUpper);
  int given = 0;
  int taken = 0;
  const auto give = [&]() -> std::optional<pipit::Inputs> {
    if (given == 300) throw std::runtime_error("the disk is gone");
    ++given;
    return pipit::Inputs{{"text", "a"}};
  };
  CHECK_THROWS_WITH_AS(pipeline.stream(give, [&](const Result&) { ++taken; }), "the disk is gone", std::runtime_error);
  CHECK(taken == 300);
}

TEST_CASE("stream: cancel from elsewhere ends it") {
  Options options;
  options.items_in_flight = 4;
  Pipeline pipeline = test::open(kSleep, options);
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(70));
    pipeline.cancel();
  });
  pipeline.stream(texts(100000), [](const Result&) {});
  other.join();
}

TEST_CASE("workers: what breaks one fails the items in flight and not the process") {
  Options options;
  options.on_span = [](const pipit::Span&) { throw std::runtime_error("the disk is full"); };
  Pipeline pipeline = test::open(kUpper, options);
  CHECK(test::items(pipeline, {"a"}) == "0 up: operator_failed: the disk is full\n");
  CHECK_FALSE(pipeline.push({{"text", "b"}}));
  CHECK_MESSAGE(pipeline.call({{"text", "c"}}).error, "it has ended, or ends now");
}

TEST_CASE("fork: a child is told to open the pipeline itself") {
  Pipeline pipeline = test::open(kUpper);
  CHECK(test::one(pipeline, "a") == "loud=A");
  CHECK(in_child([&] { return test::one(pipeline, "a"); }) == kElsewhere);
  CHECK(in_child([&] { return pipeline.push({{"text", "a"}}) ? "pushed" : "refused"; }) == kElsewhere);
  CHECK(in_child([&] { return pipeline.next() ? "a result" : "none"; }) == kElsewhere);
  CHECK(in_child([&] { return std::to_string(pipeline.stats().size()); }) == kElsewhere);
  if (kThreadsInChildren) {
    CHECK(in_child([&] {
            pipeline.stream(texts(1), [](const Result&) {});
            return "streamed";
          }) == kElsewhere);
  }
  CHECK(in_child([&] {
          pipeline.close();
          pipeline.cancel();
          return pipeline.outputs()[0].name;
        }) == "loud");
  CHECK(test::one(pipeline, "b") == "loud=B");
}

TEST_CASE("fork: a child lets go of the pipeline without harm and opens its own") {
  Pipeline pipeline = test::open(kUpper);
  CHECK(in_child([&] {
          { const Pipeline taken = std::move(pipeline); }
          return "gone";
        }) == "gone");
  if (kThreadsInChildren) {
    CHECK(in_child([&] {
            pipeline = test::open(kUpper);
            return test::one(pipeline, "a");
          }) == "loud=A");
  }
  CHECK(test::one(pipeline, "b") == "loud=B");
}

TEST_CASE("options: numbers that make no sense are refused") {
  const auto refused = [](Options options) {
    try {
      test::open(kUpper, std::move(options));
    } catch (const pipit::Error& e) {
      return e.code() + ": " + e.what();
    }
    return std::string();
  };
  Options none;
  none.items_in_flight = 0;
  CHECK(refused(none) == "invalid_argument: items_in_flight must be at least 1, found 0");
  Options negative;
  negative.threads = -1;
  CHECK(refused(negative) == "invalid_argument: threads must be at least 0, found -1");
}

// A sanitizer's own memory is beyond any limit.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("start: threads that cannot be had are an error that leaves nothing running") {
  const auto threads = entries("/proc/self/task");
  const std::string said = in_child([] {
    // Room for some of the threads' stacks only.
    const rlimit small{std::uint64_t{512} << 20, std::uint64_t{512} << 20};
    setrlimit(RLIMIT_AS, &small);
    test::open(
        "\ninputs: {text: string}\nnodes:\n"
        "  - {name: up, op: test/text.upper, in: text, out: loud, replicas: 256}\noutputs: [loud]\n");
    return "opened";
  });
  CHECK(said.starts_with("unavailable: cannot start thread "));
  CHECK(said.ends_with(" of the 256 that the nodes' replicas need: Resource temporarily unavailable"));
  CHECK(no_more_threads_than(threads));
}
#endif
