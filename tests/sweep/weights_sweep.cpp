// Damages checkpoints in every way of the table, and reads each as a CLIP: the same model, the same with other numbers,
// or one error, and never another model.
//
//   weights_sweep [--every N] FILE…
//
// One line a file and kind of damage. The status is 1 when a damaged file was read as another model: other tensors,
// shapes or facts about it than the whole file has.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "damage.h"
#include "pipit/error.h"
#include "pipit/weights/load_clip.h"

namespace {

namespace fs = std::filesystem;
namespace weights = pipit::weights;
using Clock = std::chrono::steady_clock;

/// A model as text: what it is, and its numbers.
struct Model {
  std::string shape;
  std::string numbers;
};

Model read(const fs::path& path) {
  const weights::ClipCheckpoint clip = weights::load_clip(path, {.heads = 2});
  const weights::ClipArchitecture& a = clip.architecture;
  Model model;
  model.shape = fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}\n", clip.layout, a.name, a.embed_dim,
                            a.vision.width, a.vision.layers, a.patch, a.resolution, a.text.width, a.text.layers,
                            a.context_length, a.vocab_size, static_cast<int>(a.activation), static_cast<int>(a.head),
                            a.head_layers, static_cast<int>(a.linear_patch), weights::describe_variant(a.variant));
  for (const auto& [name, source] : clip.tensors) {
    model.shape += fmt::format("{}{}", name, source.transposed ? " transposed" : "");
    for (const weights::TensorView& part : source.parts) {
      model.shape += fmt::format(" {}[{}]", weights::dtype_name(part.dtype), fmt::join(part.shape, ","));
      // Every element that shape and strides reach can be read.
      std::size_t reach = weights::dtype_bytes(part.dtype);
      for (std::size_t d = 0; d < part.shape.size(); ++d) {
        reach += static_cast<std::size_t>((std::max<std::int64_t>(part.shape[d], 1) - 1) * part.strides[d]) *
                 weights::dtype_bytes(part.dtype);
      }
      if (part.elements() > 0) model.numbers.append(reinterpret_cast<const char*>(part.data), reach);
    }
    model.shape += '\n';
  }
  return model;
}

struct Tally {
  int all = 0;
  int same = 0;
  int numbers = 0;
  int model = 0;
  int errors = 0;
  double slowest_s = 0;

  void add(const Tally& more) {
    all += more.all;
    same += more.same;
    numbers += more.numbers;
    model += more.model;
    errors += more.errors;
    slowest_s = std::max(slowest_s, more.slowest_s);
  }
};

void print(const std::string& file, const std::string& kind, const Tally& tally) {
  fmt::print("{:<26} {:<26} {:>6} {:>6} {:>8} {:>6} {:>6} {:>8.2f} s\n", file, kind, tally.all, tally.same,
             tally.numbers, tally.model, tally.errors, tally.slowest_s);
  std::fflush(stdout);
}

Tally run(const fs::path& path, const Model& whole, const std::vector<damage::Damaged>& damaged) {
  Tally tally;
  for (const damage::Damaged& one : damaged) {
    std::ofstream(path, std::ios::binary) << one.bytes;
    const auto begin = Clock::now();
    ++tally.all;
    try {
      const Model model = read(path);
      if (model.shape != whole.shape) {
        ++tally.model;
        fmt::print("  {}, {}: another model\n", path.filename().string(), one.what);
      } else {
        ++(model.numbers == whole.numbers ? tally.same : tally.numbers);
      }
    } catch (const pipit::Error&) {
      ++tally.errors;
    }
    tally.slowest_s = std::max(tally.slowest_s, std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return tally;
}

int sweep(std::vector<std::string> arguments) {
  std::size_t every = 1;
  if (arguments.size() > 1 && arguments[0] == "--every") {
    every = std::stoul(arguments[1]);
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  }
  const fs::path folder = fs::temp_directory_path() / fmt::format("pipit_weights_sweep_{}", getpid());
  fs::create_directories(folder);
  fmt::print("{:<26} {:<26} {:>6} {:>6} {:>8} {:>6} {:>6} {:>10}\n", "file", "damage", "all", "same", "numbers",
             "model", "errors", "slowest");
  const auto run_in_folder = [&](const fs::path& file, const Model& whole,
                                 const std::vector<damage::Damaged>& damaged) {
    return run(folder / file.filename(), whole, damaged);
  };
  const Tally total = damage::sweep<Tally>({arguments.begin(), arguments.end()}, 1, every, read, run_in_folder, print);
  fs::remove_all(folder);
  return total.model > 0 ? 1 : 0;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return sweep({arguments + 1, arguments + count});
  } catch (const std::exception& e) {
    fmt::print(stderr, "weights_sweep: {}\n", e.what());
    return 2;
  }
}
