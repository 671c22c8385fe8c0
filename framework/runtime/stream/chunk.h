// The stream protocol: rows of one item, and marks where groups of them end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/stream/item.h"

namespace pipit {

/// The end of a group of rows: of a row of an ancestor domain, named by its depth. Depth 0 is the item: its last mark.
struct Mark {
  std::uint32_t after = 0;  // rows of the chunk that come before it
  std::uint32_t depth = 0;
};

/// Consecutive rows of one item in one domain, with the marks between them. A stream of a domain of depth k has, for
/// every row of each ancestor domain, a mark of that domain's depth once the row has no more descendants; and a mark of
/// depth 0 at its end. So an item without rows is one mark, and joining, collecting and bounding need no row numbers.
struct Chunk {
  std::shared_ptr<Item> item;
  std::uint32_t rows = 0;
  std::vector<std::vector<Value>> columns;  // columns[column][row]
  std::vector<Mark> marks;                  // in order
  std::size_t bytes = 0;

  bool ends_item() const { return !marks.empty() && marks.back().depth == 0; }
  std::size_t tokens() const { return rows + marks.size(); }
};

}  // namespace pipit
