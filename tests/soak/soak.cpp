// Hours of good and bad items through all shipped operators at once: every item has its outcome, and the process ends
// no larger than it was once warm.
//
//   soak SECONDS PIPELINES WEIGHTS DATA
//
// PIPELINES is the folder of the shipped pipelines, DATA that of the tests' operators. Every few seconds a line: items
// so far, resident memory, descriptors, threads, mappings, children. Then the slope of memory over the last three
// quarters with its standard error. The status is 1 when an item is missing, or descriptors, threads, mappings or
// children have grown.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "damage.h"
#include "pipit/pipeline.h"

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// The whole files, and one in so many of their damaged versions, in a folder.
std::vector<std::string> files_of(const fs::path& from, const std::vector<std::string>& names, const fs::path& into) {
  constexpr std::size_t kEvery = 97;
  std::vector<std::string> files;
  damage::Random random(1);
  for (const std::string& name : names) {
    for (int i = 0; i < 10; ++i) files.push_back(from / name);
    std::vector<damage::Damaged> all;
    for (const damage::Kind& kind : damage::kKinds) kind.make(damage::bytes_of(from / name), random, all);
    for (std::size_t i = 0; i < all.size(); i += kEvery) {
      const fs::path file = into / fmt::format("{}_{}", i, name);
      std::ofstream(file, std::ios::binary) << all[i].bytes;
      files.push_back(file);
    }
  }
  files.push_back(into / "not_there");
  files.push_back("/dev/zero");
  return files;
}

std::vector<std::string> sentences() {
  std::vector<std::string> texts{"", "a red circle", "\xff not UTF-8 \xc3", std::string(20'000, 'x')};
  for (int i = 0; i < 60; ++i) texts.push_back(fmt::format("{} white crosses moving {} times", i, i * i));
  return texts;
}

/// One pipeline that is fed until told to stop.
class Load {
 public:
  Load(const fs::path& pipeline, std::string input, std::vector<std::string> values, const pipit::Options& options)
      : name_(pipeline.stem()),
        input_(std::move(input)),
        values_(std::move(values)),
        pipeline_(pipit::Pipeline::open(pipeline, options)),
        feeder_([this] { feed(); }),
        taker_([this] { take(); }) {}

  void stop() { stopping_ = true; }
  void join() {
    feeder_.join();
    taker_.join();
  }
  /// True when every item that went in came out, in order.
  bool complete() const { return pushed_ == good_ + failed_ && in_order_; }
  std::int64_t items() const { return good_ + failed_; }
  std::string text() const { return fmt::format("{}: {} items, {} of them failed", name_, items(), failed_.load()); }

 private:
  void feed() {
    std::mt19937 random(7);
    while (!stopping_) {
      if (!pipeline_.push({{input_, values_[random() % values_.size()]}})) break;
      ++pushed_;
    }
    pipeline_.close();
  }
  void take() {
    while (const auto result = pipeline_.next()) {
      in_order_ = in_order_ && result->item == items();
      ++(result->error ? failed_ : good_);
    }
  }

  const std::string name_;
  const std::string input_;
  const std::vector<std::string> values_;
  pipit::Pipeline pipeline_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> pushed_{0};
  std::atomic<std::int64_t> good_{0};
  std::atomic<std::int64_t> failed_{0};
  std::atomic<bool> in_order_{true};
  std::thread feeder_;
  std::thread taker_;
};

/// What the process has.
struct Size {
  double seconds = 0;
  double memory_mib = 0;
  std::int64_t descriptors = 0;
  std::int64_t threads = 0;
  std::int64_t mappings = 0;
  std::int64_t children = 0;
};

std::int64_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

std::int64_t children_of(pid_t parent) {
  std::int64_t count = 0;
  for (const auto& task : fs::directory_iterator(fmt::format("/proc/{}/task", parent))) {
    std::ifstream file(task.path() / "children");
    count += std::distance(std::istream_iterator<std::string>(file), {});
  }
  return count;
}

Size size_now(Clock::time_point since) {
  Size size;
  size.seconds = std::chrono::duration<double>(Clock::now() - since).count();
  std::int64_t all = 0;
  std::int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  size.memory_mib = static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / (1 << 20);
  size.descriptors = entries("/proc/self/fd");
  size.threads = entries("/proc/self/task");
  std::ifstream maps("/proc/self/maps");
  size.mappings = std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
  size.children = children_of(getpid());
  return size;
}

/// A line through points: its slope and the standard error of that.
std::pair<double, double> slope_of(const std::vector<Size>& sizes) {
  const auto n = static_cast<double>(sizes.size());
  double x = 0;
  double y = 0;
  for (const Size& s : sizes) {
    x += s.seconds / n;
    y += s.memory_mib / n;
  }
  double xx = 0;
  double xy = 0;
  for (const Size& s : sizes) {
    xx += (s.seconds - x) * (s.seconds - x);
    xy += (s.seconds - x) * (s.memory_mib - y);
  }
  const double slope = xy / xx;
  double rest = 0;
  for (const Size& s : sizes) {
    const double off = s.memory_mib - y - slope * (s.seconds - x);
    rest += off * off;
  }
  return {slope, std::sqrt(rest / std::max(1.0, n - 2) / xx)};
}

/// The largest of a count in a part of the sizes.
template <class Member>
std::int64_t most(const std::vector<Size>& sizes, Member member, std::size_t from, std::size_t to) {
  std::int64_t most = 0;
  for (std::size_t i = from; i < to; ++i) most = std::max(most, sizes[i].*member);
  return most;
}

int soak(double seconds, const fs::path& pipelines, const std::string& weights, const fs::path& data) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("pipit_soak_{}", getpid());
  fs::create_directories(folder);
  const auto clips = files_of(
      data / "video_decode/data",
      {"bframes.mp4", "open_gop.mkv", "vp9.webm", "mpeg4.avi", "late_start.ts", "raw.mpg", "hevc.mp4"}, folder);
  const auto images = files_of(data / "image_decode/data", {"420.jpg", "rgb.png", "lossy.webp", "rgb.bmp"}, folder);
  pipit::Options options;
  options.items_in_flight = 8;
  options.threads = 2;
  options.set = {{"vars.weights", weights}};
  pipit::Options apart = options;
  apart.set.emplace_back("vars.isolate", "process");

  std::vector<std::unique_ptr<Load>> loads;
  loads.push_back(std::make_unique<Load>(pipelines / "video_embedding.yaml", "path", clips, options));
  loads.push_back(std::make_unique<Load>(pipelines / "moments.yaml", "path", clips, apart));
  loads.push_back(std::make_unique<Load>(pipelines / "image_embedding.yaml", "path", images, options));
  loads.push_back(std::make_unique<Load>(pipelines / "text_embedding.yaml", "text", sentences(), options));

  const auto begin = Clock::now();
  const double step_s = std::clamp(seconds / 40, 0.2, 15.0);
  std::vector<Size> sizes;
  fmt::print("{:>8} {:>10} {:>12} {:>12} {:>8} {:>9} {:>9}\n", "seconds", "items", "memory MiB", "descriptors",
             "threads", "mappings", "children");
  while (sizes.empty() || sizes.back().seconds < seconds) {
    std::this_thread::sleep_for(std::chrono::duration<double>(step_s));
    sizes.push_back(size_now(begin));
    const Size& s = sizes.back();
    std::int64_t items = 0;
    for (const auto& load : loads) items += load->items();
    fmt::print("{:>8.1f} {:>10} {:>12.1f} {:>12} {:>8} {:>9} {:>9}\n", s.seconds, items, s.memory_mib, s.descriptors,
               s.threads, s.mappings, s.children);
    std::fflush(stdout);
  }
  for (const auto& load : loads) load->stop();
  bool good = true;
  for (const auto& load : loads) {
    load->join();
    good = good && load->complete();
    fmt::print("{}{}\n", load->text(), load->complete() ? "" : ": NOT ALL OF THEM CAME OUT");
  }
  loads.clear();
  fs::remove_all(folder);
  const std::size_t warm = sizes.size() / 4;
  const auto [slope, error] = slope_of({sizes.begin() + static_cast<std::ptrdiff_t>(warm), sizes.end()});
  fmt::print("memory, of the last three quarters: {:+.3f} MiB an hour, standard error {:.3f}\n", slope * 3600,
             error * 3600);
  // Half against half: what grows all the time is larger in the second.
  const std::size_t middle = (warm + sizes.size()) / 2;
  for (const auto& [name, member, slack] :
       {std::tuple("descriptors", &Size::descriptors, 16), std::tuple("threads", &Size::threads, 2),
        std::tuple("mappings", &Size::mappings, 60), std::tuple("children", &Size::children, 1)}) {
    const std::int64_t before = most(sizes, member, warm, middle);
    const std::int64_t after = most(sizes, member, middle, sizes.size());
    const bool grown = after > before + slack;
    good = good && !grown;
    fmt::print("{}: at most {} in the first half, {} in the second{}\n", name, before, after, grown ? ": GROWN" : "");
  }
  const std::int64_t left = children_of(getpid());
  fmt::print("at the end: {} children\n", left);
  return good && left == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    fmt::print(stderr, "usage: soak SECONDS PIPELINES WEIGHTS DATA\n");
    return 2;
  }
  try {
    return soak(std::strtod(arguments[1], nullptr), arguments[2], arguments[3], arguments[4]);
  } catch (const std::exception& e) {
    fmt::print(stderr, "soak: {}\n", e.what());
    return 2;
  }
}
