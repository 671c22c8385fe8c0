#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>

#include "files.h"

int main(int argc, char** argv) {
  // The shipped pipelines have no weights of their own.
  setenv("PIPIT_WEIGHTS", test::kDemoWeights.c_str(), 1);
  return doctest::Context(argc, argv).run();
}
