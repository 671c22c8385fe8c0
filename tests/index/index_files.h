// Indexes for tests.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "index/index.h"
#include "index/index_writer.h"
#include "pipit/error.h"

namespace test {

pipit::IndexSettings settings(std::int64_t dimension = 4, pipit::DType dtype = pipit::DType::kFloat32);

/// Numbers of a normal distribution, of length 1 together.
std::vector<float> unit_vector(std::mt19937& random, std::int64_t dimension);

/// Adds the next item with so many random rows of {"path":"item-N.mp4","row":I}.
void add_item(pipit::IndexWriter& writer, std::mt19937& random, std::int64_t rows, std::int64_t dimension = 4);

/// Everything that it says: settings, rows with their lines and the bytes of their vectors, items.
std::string content(const pipit::Index& index);

/// Why an action is refused, "code: message"; empty: it is not.
template <class Action>
std::string refusal(Action&& action) {
  try {
    action();
  } catch (const pipit::Error& e) {
    return e.code() + ": " + e.what();
  }
  return "";
}

}  // namespace test
