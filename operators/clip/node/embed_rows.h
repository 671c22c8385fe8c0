// A batch to its vectors, so that a bad row costs no other row anything.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cstdint>
#include <exception>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "pipit/operator.h"
#include "pipit/torch.h"

namespace pipit::clip {

/// LibTorch tells by its words alone that the CPU's memory is short.
inline bool tells_of_memory(const c10::Error& error) {
  return std::string_view(error.what_without_backtrace()).find("can't allocate memory") != std::string_view::npos;
}

/// `prepare(row)` makes the model's input of a row, of type Input; `embed(inputs)` gives a vector for each of a span of
/// them, [inputs, size]. Either may throw. A row that cannot be prepared fails alone; where the model refuses several
/// inputs, each is given to it by itself, and those that it refuses then fail.
template <class Input, class Prepare, class Embed>
void embed_rows(const Batch& in, BatchEmitter& out, const Prepare& prepare, const Embed& embed) {
  const auto attempt = [&](std::uint32_t row, const auto& function) {
    try {
      function();
    } catch (const Error& error) {
      out.fail(row, error);
    } catch (const c10::OutOfMemoryError& error) {
      out.fail(row, Error("out_of_memory", error.what_without_backtrace()));
    } catch (const std::bad_alloc&) {
      out.fail(row, Error("out_of_memory", "memory is exhausted"));
    } catch (const c10::Error& error) {
      const bool memory = tells_of_memory(error);
      out.fail(row, Error(memory ? "out_of_memory" : "operator_failed", memory ? "memory is exhausted" : error.what()));
    } catch (const std::exception& error) {
      out.fail(row, Error("operator_failed", error.what()));
    }
  };
  std::vector<std::uint32_t> rows;
  std::vector<Input> inputs;
  for (std::uint32_t row = 0; row < in.size() && !out.stop_requested(); ++row) {
    attempt(row, [&] {
      inputs.push_back(prepare(in[row]));
      rows.push_back(row);
    });
  }
  const auto emit = [&](std::size_t first, std::size_t count) {
    const at::Tensor vectors = embed(std::span<const Input>(inputs).subspan(first, count));
    for (std::size_t i = 0; i < count; ++i) {
      out.emit(rows[first + i], from_torch(vectors.select(0, static_cast<std::int64_t>(i))));
    }
  };
  if (rows.size() > 1) {
    try {
      return emit(0, rows.size());
    } catch (const std::exception&) {
      // Which of them it was shows below.
    }
  }
  for (std::size_t i = 0; i < rows.size() && !out.stop_requested(); ++i) {
    attempt(rows[i], [&] { emit(i, 1); });
  }
}

}  // namespace pipit::clip
