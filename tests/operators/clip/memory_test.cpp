#include "clip/loading/memory.h"

#include <doctest/doctest.h>

#include "fixture.h"
#include "pipit/error.h"

namespace clip = pipit::clip;

TEST_CASE("memory: a device that is too small is told with what is needed and what is free") {
  const c10::Device cpu(c10::DeviceType::CPU);
  clip::require_room(cpu, 605'000'000, 605'000'000);
  CHECK_THROWS_WITH_AS(clip::require_room(cpu, 605'120'000, 99'960'000),
                       "the model's weights need 605.1 MB on cpu, of which 100.0 MB are free; take a dtype of fewer "
                       "bits, or make room",
                       pipit::Error);
}

TEST_CASE("memory: this machine has some and less than there can be") {
  const std::int64_t free = clip::free_memory(c10::Device(c10::DeviceType::CPU));
  CHECK(free > std::int64_t{1} << 20);
  CHECK(free < std::int64_t{1} << 50);
}
