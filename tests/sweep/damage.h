// Damaged files in every way that a table names.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace damage {

/// One damaged version of a file: what was done, and the bytes.
struct Damaged {
  std::string what;
  std::string bytes;
};

using Random = std::mt19937_64;

struct Kind {
  const char* name;
  void (*make)(const std::string& whole, Random& random, std::vector<Damaged>& out);
};

/// Cut; a byte changed; bytes zeroed, put in, taken out; parts swapped; headers that lie.
extern const std::array<Kind, 6> kKinds;

std::string bytes_of(const std::filesystem::path& file);

/// Damages each file in every kind's ways, of which one in `every` is tried. `whole(file)` gives what the file is by
/// itself; `run(file, whole, damaged)` tries damaged ones of a kind and gives a Tally, which has add(); `print(file,
/// kind, tally)` is called for each and for the sums. Gives the sum of all.
template <class Tally, class Whole, class Run, class Print>
Tally sweep(const std::vector<std::filesystem::path>& files, unsigned seed, std::size_t every, Whole&& whole, Run&& run,
            Print&& print) {
  std::map<std::string, Tally> by_kind;
  Tally total;
  for (const std::filesystem::path& file : files) {
    const auto good = whole(file);
    Random random(seed);
    for (const Kind& kind : kKinds) {
      std::vector<Damaged> all;
      kind.make(bytes_of(file), random, all);
      std::vector<Damaged> some;
      for (std::size_t d = 0; d < all.size(); d += every) some.push_back(std::move(all[d]));
      const Tally tally = run(file, good, some);
      print(file.filename().string(), kind.name, tally);
      by_kind[kind.name].add(tally);
      total.add(tally);
    }
  }
  for (const Kind& kind : kKinds) print("all files", kind.name, by_kind[kind.name]);
  print("all files", "all damage", total);
  return total;
}

}  // namespace damage
