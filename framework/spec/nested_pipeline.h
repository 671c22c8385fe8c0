// A pipeline used as a node: its nodes take the node's place.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "spec/spec.h"

namespace pipit {

/// Notes that `file` is being read below the files of `within`. Throws pipit::Error (`invalid_argument`) when it is
/// already one of them, or when they are too many.
void enter_file(std::vector<std::filesystem::path>& within, const std::filesystem::path& file);

/// What the files of one pipeline may come to, all together: a file that includes another one twice doubles it at each
/// step.
struct FileBudget {
  std::size_t files = 0;
  std::size_t bytes = 0;
  std::size_t nodes = 0;  // of the file with the most, those of included files counted
  bool told = false;      // it was reported that it is spent

  /// Throws pipit::Error (kTooMuch) when the files are too many or too large.
  void take(const std::filesystem::path& file, std::size_t size);
  /// Likewise for the nodes of a file.
  void take_nodes(const std::string& place, std::size_t count);
};

/// The code of an error that says that there is too much; all that follows says the same.
inline constexpr const char* kTooMuch = "limit_exceeded";

/// Gives the nodes of `inner` names of their own ("embed.decode") and connects its inputs and outputs with the columns
/// that `node` reads and writes. Calls `fault` for what does not fit; columns that nothing is connected with are then
/// marked as told.
void connect_below(Spec& inner, const NodeSpec& node, const FaultSink& fault);

}  // namespace pipit
