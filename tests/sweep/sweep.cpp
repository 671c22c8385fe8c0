// Damages files in every way that a table names, and runs each through a pipeline that decodes it: a result or one
// error, in time, and never the end of a process.
//
//   sweep [--seed N] [--every N] [--keep DIR] PIPELINE.yaml FILE…
//
// One line a file and kind of damage: how many came out as the whole file, as other pictures without a word, with an
// error, and what the slowest took. The status is 1 when a process ended or hung, or a result is none.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "damage.h"
#include "pipit/pipeline.h"

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using damage::Damaged;

std::uint64_t mixed(std::uint64_t hash, const void* data, std::size_t bytes) {
  const auto* at = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < bytes; ++i) hash = (hash ^ at[i]) * 0x100000001b3ULL;
  return hash;
}

/// Of pictures: their sizes and pixels.
std::uint64_t hash_of(const pipit::Value& value, std::uint64_t hash = 0xcbf29ce484222325ULL) {
  if (value.kind() == pipit::Kind::kList) {
    for (const pipit::Value& element : value.list()) hash = hash_of(element, hash);
    return hash;
  }
  const pipit::Frame frame = value.frame();
  const std::int64_t size[] = {frame.height(), frame.width()};
  hash = mixed(hash, size, sizeof(size));
  return mixed(hash, frame.pixels().raw_data(), static_cast<std::size_t>(frame.pixels().elements()));
}

struct Tally {
  int all = 0;
  int same = 0;
  int other = 0;
  int errors = 0;
  int ended = 0;  // processes, by a signal or after a silence
  double slowest_s = 0;
  std::string slowest;

  void add(const Tally& more) {
    all += more.all;
    same += more.same;
    other += more.other;
    errors += more.errors;
    ended += more.ended;
    if (more.slowest_s > slowest_s) {
      slowest_s = more.slowest_s;
      slowest = more.slowest;
    }
  }
};

class Sweep {
 public:
  Sweep(pipit::Pipeline& pipeline, fs::path folder, std::string keep, bool verbose)
      : pipeline_(pipeline), folder_(std::move(folder)), keep_(std::move(keep)), verbose_(verbose) {}

  pipit::Result run(const fs::path& path) { return pipeline_.call({{"path", path.string()}}); }

  Tally run(const fs::path& original, std::uint64_t whole, const std::vector<Damaged>& damaged) {
    Tally tally;
    const fs::path path = folder_ / original.filename();
    for (const Damaged& one : damaged) {
      std::ofstream(path, std::ios::binary) << one.bytes;
      const auto begin = Clock::now();
      const pipit::Result result = run(path);
      const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      ++tally.all;
      if (seconds > tally.slowest_s) {
        tally.slowest_s = seconds;
        tally.slowest = one.what;
      }
      if (!result.error) {
        const bool same = hash_of(result.outputs.front()) == whole;
        ++(same ? tally.same : tally.other);
        if (!same && verbose_) fmt::print("  {}, {}: other pictures\n", original.filename().string(), one.what);
        continue;
      }
      ++tally.errors;
      const std::string& message = result.error->message;
      if (message.find("its process") == std::string::npos) continue;
      ++tally.ended;
      fmt::print("  {}, {}: {}\n", original.filename().string(), one.what, message);
      if (!keep_.empty())
        fs::copy_file(path, fs::path(keep_) / fmt::format("{}_{}", kept_++, path.filename().string()));
    }
    return tally;
  }

 private:
  pipit::Pipeline& pipeline_;
  const fs::path folder_;
  const std::string keep_;
  const bool verbose_;
  int kept_ = 0;
};

void print(const std::string& file, const std::string& kind, const Tally& tally) {
  fmt::print("{:<26} {:<26} {:>6} {:>6} {:>6} {:>6} {:>6} {:>8.2f} s  {}\n", file, kind, tally.all, tally.same,
             tally.other, tally.errors, tally.ended, tally.slowest_s, tally.slowest);
  std::fflush(stdout);
}

int sweep(std::vector<std::string> arguments) {
  unsigned seed = 1;
  std::size_t every = 1;
  std::string keep;
  while (arguments.size() > 1 && arguments[0].starts_with("--")) {
    if (arguments[0] == "--seed") seed = static_cast<unsigned>(std::stoul(arguments[1]));
    if (arguments[0] == "--every") every = std::stoul(arguments[1]);
    if (arguments[0] == "--keep") keep = arguments[1];
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  }
  if (arguments.size() < 2) {
    fmt::print(stderr, "usage: sweep [--seed N] [--every N] [--keep DIR] PIPELINE.yaml FILE…\n");
    return 2;
  }
  pipit::Pipeline pipeline = pipit::Pipeline::open(arguments[0]);
  const fs::path folder = fs::temp_directory_path() / fmt::format("pipit_sweep_{}", getpid());
  fs::create_directories(folder);
  Sweep sweep(pipeline, folder, keep, std::getenv("PIPIT_SWEEP_VERBOSE") != nullptr);
  fmt::print("{:<26} {:<26} {:>6} {:>6} {:>6} {:>6} {:>6} {:>10}\n", "file", "damage", "all", "same", "other", "errors",
             "ended", "slowest");
  const auto whole = [&](const fs::path& file) {
    const pipit::Result good = sweep.run(file);
    if (good.error)
      throw std::runtime_error(fmt::format("'{}' is not whole itself: {}", file.string(), good.error->message));
    return hash_of(good.outputs.front());
  };
  const auto run = [&](const fs::path& file, std::uint64_t good, const std::vector<Damaged>& damaged) {
    return sweep.run(file, good, damaged);
  };
  const Tally total = damage::sweep<Tally>({arguments.begin() + 1, arguments.end()}, seed, every, whole, run, print);
  fs::remove_all(folder);
  return total.ended > 0 ? 1 : 0;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return sweep({arguments + 1, arguments + count});
  } catch (const std::exception& e) {
    fmt::print(stderr, "sweep: {}\n", e.what());
    return 2;
  }
}
