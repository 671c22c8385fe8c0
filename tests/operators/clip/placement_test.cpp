#include "clip/loading/placement.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "pipit/error.h"

using pipit::clip::Placement;

TEST_CASE("placement: the CPU and its types") {
  CHECK(Placement::parse("cpu", "float32").device.is_cpu());
  const bool float32 = Placement::parse("cpu", "float32").dtype == c10::ScalarType::Float;
  const bool bfloat16 = Placement::parse("cpu", "bfloat16").dtype == c10::ScalarType::BFloat16;
  CHECK(float32);
  CHECK(bfloat16);
}

TEST_CASE("placement: a type that the processor has no instructions for is known") {
  CHECK(!Placement::parse("cpu", "float32").emulated());
  CHECK(!Placement::parse("cpu", "auto").emulated());
  std::ifstream processor("/proc/cpuinfo");
  const std::string flags{std::istreambuf_iterator<char>(processor), {}};
  CHECK(Placement::parse("cpu", "bfloat16").emulated() == (flags.find("avx512_bf16") == std::string::npos));
}

TEST_CASE("placement: float16 is refused on the CPU") {
  CHECK_THROWS_WITH_AS(Placement::parse("cpu", "float16"),
                       "dtype float16 is for CUDA devices, device is 'cpu'; take bfloat16 or float32", pipit::Error);
}

TEST_CASE("placement: what is no device is refused") {
  for (const std::string device : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cpu:0", ""}) {
    const std::string message = "device is cpu, cuda or cuda:N, got '" + device + "'";
    CHECK_THROWS_WITH_AS(Placement::parse(device, "float32"), message.c_str(), pipit::Error);
  }
}

TEST_CASE("placement: a device that is not there is named with those that are") {
  try {
    Placement::parse("cuda:99", "float32");
    FAIL("cuda:99 was found");
  } catch (const pipit::Error& error) {
    CHECK(error.code() == "unavailable");
    CHECK(std::string(error.what()).starts_with("device 'cuda:99' is not there; this machine has cpu"));
  }
}

TEST_CASE("placement: what is no type is refused") {
  CHECK_THROWS_WITH_AS(Placement::parse("cpu", "int2"),
                       "dtype is float32, bfloat16, float16, int8, int4 or auto, got 'int2'", pipit::Error);
}

TEST_CASE("placement: auto takes a quantised file as it is") {
  CHECK(Placement::parse("cpu", "auto", pipit::weights::kEightBits).dtype_name() == "int8");
  CHECK(Placement::parse("cpu", "auto", pipit::weights::kFourBits).dtype_name() == "int4");
  CHECK(Placement::parse("cpu", "int4").dtype_name() == "int4");
}
