// What an operator says went wrong, as the runtime takes it.
#include <doctest/doctest.h>

#include "module/runtime_table.h"

namespace {

std::string taken(const char* message) {
  pipit_error error;
  pipit::runtime_table().set_error(&error, "operator_failed", message);
  CHECK(error.code == "operator_failed");
  return error.message;
}

}  // namespace

TEST_CASE("errors: what LibTorch tells of its own functions is left out") {
  CHECK(taken("CUDA out of memory. Tried to allocate 2.00 GiB.\n"
              "Exception raised from malloc at ../c10/cuda/CUDACachingAllocator.cpp:1 (most recent call first):\n"
              "frame #0: c10::Error::Error() + 0x80 (0x7f in libc10.so)\n") ==
        "CUDA out of memory. Tried to allocate 2.00 GiB.");
}

TEST_CASE("errors: other messages stay as they are") {
  CHECK(taken("two\nlines, and an Exception raised from a file") == "two\nlines, and an Exception raised from a file");
  CHECK(taken("") == "");
}
