#include "clip/kernels/instructions.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "pipit/error.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif

namespace pipit::clip {

extern const KernelSet kPlainKernels;
#ifdef __x86_64__
extern const KernelSet kAvx2Kernels;
extern const KernelSet kAvxVnniKernels;
extern const KernelSet kAvx512Kernels;
extern const KernelSet kAvx512VnniKernels;
#endif

namespace {

#ifdef __x86_64__
/// GCC 12's __builtin_cpu_supports does not know its name.
bool has_avx_vnni() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  constexpr unsigned kBit = 1u << 4;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & kBit) != 0;
}
#endif

std::vector<const KernelSet*> supported() {
  std::vector<const KernelSet*> sets = {&kPlainKernels};
#ifdef __x86_64__
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("f16c")) return sets;
  sets.push_back(&kAvx2Kernels);
  if (has_avx_vnni()) sets.push_back(&kAvxVnniKernels);
  for (const bool has : {__builtin_cpu_supports("avx512f") != 0, __builtin_cpu_supports("avx512vl") != 0,
                         __builtin_cpu_supports("avx512dq") != 0, __builtin_cpu_supports("avx512bw") != 0}) {
    if (!has) return sets;
  }
  sets.push_back(&kAvx512Kernels);
  if (__builtin_cpu_supports("avx512vnni")) sets.push_back(&kAvx512VnniKernels);
#endif
  return sets;
}

const KernelSet& chosen() {
  const char* const name = std::getenv("PIPIT_INSTRUCTIONS");
  if (name == nullptr || *name == '\0') return *kernel_sets().back();
  std::string names;
  for (const KernelSet* set : kernel_sets()) {
    if (std::string_view(name) == set->name) return *set;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", set->name);
  }
  throw Error("invalid_argument", fmt::format("PIPIT_INSTRUCTIONS is '{}'; this processor has {}", name, names));
}

}  // namespace

const std::vector<const KernelSet*>& kernel_sets() {
  static const std::vector<const KernelSet*> sets = supported();
  return sets;
}

const KernelSet& kernels() {
  static const KernelSet& set = chosen();
  return set;
}

}  // namespace pipit::clip
