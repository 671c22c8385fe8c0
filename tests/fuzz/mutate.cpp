// Runs a fuzz target without libFuzzer: each file of its corpus as it is, then a fixed number of mutations of each, the
// same every time. Finds less than the coverage-guided run of ./dev fuzz, and needs nothing but a compiler.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int* count, char*** arguments);

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  Bytes mutate(Bytes bytes) {
    // Directories and headers lie at the ends; what is between is numbers, which mean nothing to a reader.
    for (std::uint64_t changes = 1 + below(4); changes > 0 && !bytes.empty(); --changes) {
      const std::size_t at = place(bytes.size());
      switch (below(6)) {
        case 0:
          bytes[at] ^= static_cast<std::uint8_t>(1u << below(8));
          break;
        case 1:
          bytes[at] = static_cast<std::uint8_t>(below(256));
          break;
        case 2:
          bytes.resize(at);
          break;
        case 3:
          overwrite(bytes, at);
          break;
        case 4:
          bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), 1 + below(8), bytes[at]);
          break;
        default:
          bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
    return bytes;
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::size_t place(std::size_t size) {
    constexpr std::size_t kEnd = 4096;
    const std::size_t near = 1 + below(std::min(size, kEnd));
    return below(2) == 0 ? near - 1 : size - near;
  }

  // With a number that lengths and offsets are fond of.
  void overwrite(Bytes& bytes, std::size_t at) {
    constexpr std::uint64_t kNumbers[] = {0,          1,          0x7f,       0xff,       0x7fff,     0xffff,
                                          0x7fffffff, 0xffffffff, 1ull << 32, 1ull << 62, ~0ull >> 1, ~0ull};
    const std::uint64_t number = kNumbers[below(std::size(kNumbers))];
    for (std::size_t i = 0; i < 8 && at + i < bytes.size(); ++i) {
      bytes[at + i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
  }

  std::mt19937_64 random_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "usage: %s MUTATIONS FILE…\n", arguments[0]);
    return 2;
  }
  if (LLVMFuzzerInitialize != nullptr) LLVMFuzzerInitialize(&count, &arguments);
  const long mutations = std::atol(arguments[1]);
  long executions = 0;
  for (int i = 2; i < count; ++i) {
    const Bytes seed = read(arguments[i]);
    if (seed.empty()) {
      std::fprintf(stderr, "%s cannot be read\n", arguments[i]);
      return 2;
    }
    LLVMFuzzerTestOneInput(seed.data(), seed.size());
    Mutator mutator(static_cast<std::uint64_t>(i));
    for (long n = 0; n < mutations; ++n, ++executions) {
      const Bytes mutated = mutator.mutate(seed);
      LLVMFuzzerTestOneInput(mutated.data(), mutated.size());
    }
  }
  std::printf("%ld executions\n", executions);
}
