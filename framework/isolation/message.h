// What the runtime and an operator's own process say to each other. Each message has a body, one value, most often a
// list.
#pragma once

#include <cstdint>

#include "pipit/value.h"

namespace pipit {

enum class MessageKind : std::uint32_t {
  // From the runtime; all but kMore and kStop have an answer: kDone or what stands behind, or kFailed.
  kConfine,     // [memory in bytes]: bounds that hold from now on
  kCreate,      // [file, node, operator, place, threads, arguments]; answer kCreated. There is one instance at a time
  kProcess,     // [threads, output ports, rows, [column, …]], each column a list of so many values
  kFinish,      // [threads, output ports]
  kSpace,       // null; answer kText
  kTakesSpace,  // null; answer kText
  kDestroy,     // null
  kMore,        // bool: whether more of this row's item is wanted; one for each kEmit
  kStop,        // null: nobody wants more of any row of the call

  // From the process.
  kDone = 100,  // null
  kFailed,      // [code, message]
  kCreated,     // [[type of an output, …], facts]
  kText,        // text
  kEmit,        // [row, [output, …]]; no more than kUnansweredRows without an answer
  kFail,        // [row, code, message]
  kWarn,        // text
  kCount,       // [counter, by]
};

/// Rows that a process may emit before it waits to hear whether more are wanted: so it works on while they travel.
inline constexpr int kUnansweredRows = 4;

struct Message {
  MessageKind kind{};
  Value body;
};

}  // namespace pipit
