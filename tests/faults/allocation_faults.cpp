// Every allocation of opening a pipeline and of running items through it fails once, each in a process of its own: an
// error of opening or of an item, the items behind it as ever, and never a signal or a hang.
//
//   allocation_faults open|run MOST [SPAN]
//
// MOST: how many allocations are tried, from the first; SPAN: how many in a row fail, 1 if not given. Prints what
// became of them; the status is 1 when a process was ended, hung, or lost an item. PIPIT_FAULTS_ONE=N tries only the
// Nth, in this process, for a debugger; PIPIT_FAULTS_VERBOSE=1 tells of each.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "pipelines.h"

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

constexpr long kNever = -1;
constinit long span = 1;
constinit std::atomic<long> fail_at{kNever};  // the first allocation that fails, counted from when this was set
constinit std::atomic<long> allocations{0};

void arm(long at) {
  allocations = 0;
  fail_at = at;
}

bool fails() {
  const long first = fail_at.load(std::memory_order_relaxed);
  if (first < 0) return false;
  const long n = allocations.fetch_add(1, std::memory_order_relaxed);
  if (n < first || n >= first + span) return false;
  errno = ENOMEM;
  return true;
}

}  // namespace

// The program's own come before the C library's, for all libraries.
extern "C" {
void* malloc(std::size_t size) {
  return fails() ? nullptr : __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  return fails() ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  return fails() ? nullptr : __libc_realloc(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  return fails() ? nullptr : __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  *memory = memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
}

namespace {

/// Each kind of node: maps, many rows, a filter, windows, a reduction, batches, replicas.
const char* const kPipeline = R"(
inputs: {text: string}
nodes:
  - {name: words, op: test/text.words, in: text, out: word}
  - {name: up, op: test/text.upper, in: word, out: loud, replicas: 2}
  - {name: long, op: test/text.longer, in: loud, keep: loud, out: kept}
  - {name: join, op: test/text.join, in: [kept, text], out: joined, window: {size: 2, step: 1}}
  - {name: crowd, op: test/text.crowd, in: loud, out: size, batch: {max: 4, wait_ms: 0}}
  - {name: some, op: test/text.every_second, in: word, out: second}
  - {name: bytes, op: test/text.length, in: word, out: length}
outputs: [joined, size, second, length]
)";
constexpr int kItems = 6;
const char* const kText = "a word beside words that are long";

/// Exit statuses of the processes.
enum Ended {
  kUntouched = 10,
  kOpeningFailed = 11,
  kItemFailed = 12,
  kBrokeOff = 13,
  kLostItem = 14,
  kWrongResult = 15,
  kOther = 16
};

Ended use(pipit::Pipeline& pipeline, const std::string& expected, long at) {
  arm(at);
  std::thread feeder;
  std::vector<std::string> outcomes;
  int failed = 0;
  bool broke_off = false;
  try {
    for (int i = 0; i < kItems; ++i) {
      if (!pipeline.push({{"text", kText}})) broke_off = true;
    }
    pipeline.close();
    for (;;) {
      const std::optional<pipit::Result> result = pipeline.next();
      if (!result) break;
      outcomes.push_back("");
      if (result->error) {
        ++failed;
      } else {
        arm(kNever);  // what this host makes of it
        if (test::text_of(*result) != expected) return kWrongResult;
      }
    }
  } catch (const std::exception&) {
    // The host's own call had the allocation that failed.
    arm(kNever);
    return kItemFailed;
  }
  arm(kNever);
  if (broke_off) return kBrokeOff;
  if (outcomes.size() != kItems) return failed > 0 ? kBrokeOff : kLostItem;
  return failed > 0 ? kItemFailed : kUntouched;
}

Ended attempt(bool opening, long at) {
  if (opening) {
    try {
      arm(at);
      pipit::Pipeline pipeline = test::open(kPipeline);
      const bool reached = allocations > at;
      arm(kNever);
      const std::string first = test::one(pipeline, kText);
      return reached ? (first == test::one(pipeline, kText) ? kUntouched : kWrongResult) : kUntouched;
    } catch (const pipit::Error&) {
      arm(kNever);
      return kOpeningFailed;
    } catch (const std::bad_alloc&) {
      arm(kNever);
      return kOpeningFailed;
    }
  }
  pipit::Pipeline pipeline = test::open(kPipeline);
  const std::string expected = test::one(pipeline, kText);
  return use(pipeline, expected, at);
}

const char* name_of(int status) {
  switch (status) {
    case kUntouched:
      return "as if nothing had happened";
    case kOpeningFailed:
      return "an error of opening";
    case kItemFailed:
      return "an item's error";
    case kBrokeOff:
      return "the pipeline broke off, with an error for each item";
    case kLostItem:
      return "AN ITEM WAS LOST";
    case kWrongResult:
      return "A WRONG RESULT";
    default:
      return "ANOTHER EXCEPTION";
  }
}

int sweep(bool opening, long most) {
  std::map<std::string, std::pair<long, long>> became;  // how many, and the first
  bool good = true;
  for (long n = 0; n < most; ++n) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);
      int status = kOther;
      try {
        status = attempt(opening, n);
      } catch (...) {
      }
      _exit(status);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) return 2;
    std::string what;
    if (WIFSIGNALED(status)) {
      what = WTERMSIG(status) == SIGALRM ? "HUNG" : fmt::format("ENDED BY SIGNAL {}", WTERMSIG(status));
      good = false;
    } else {
      what = name_of(WEXITSTATUS(status));
      good = good && WEXITSTATUS(status) <= kBrokeOff && WEXITSTATUS(status) >= kUntouched;
    }
    const auto [known, fresh] = became.emplace(what, std::pair(0, n));
    ++known->second.first;
    if (std::getenv("PIPIT_FAULTS_VERBOSE") != nullptr) fmt::print("{} {}\n", n, what);
  }
  for (const auto& [what, count] : became) fmt::print("{:>6} {}, first at {}\n", count.first, what, count.second);
  return good ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    fmt::print(stderr, "usage: allocation_faults open|run MOST [SPAN]\n");
    return 2;
  }
  const bool opening = std::string(arguments[1]) == "open";
  if (count > 3) span = std::strtol(arguments[3], nullptr, 10);
  if (const char* one = std::getenv("PIPIT_FAULTS_ONE")) return attempt(opening, std::strtol(one, nullptr, 10));
  return sweep(opening, std::strtol(arguments[2], nullptr, 10));
}
