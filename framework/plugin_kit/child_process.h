// A function run in a child process, so that whatever it does costs nothing but its answer.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace pipit::cli {

struct ChildOutcome {
  std::vector<std::string> told;  // lines, also those from before a crash
  std::string ended;              // how it ended when the function did not return: "exited with status 0", …
  bool out_of_time = false;       // it was this process that ended it
  std::string out;                // what it printed on standard output
  std::string err;                // and on standard error
};

/// Forks, so this process must have no other threads. The function tells lines as it goes, none of them empty; after
/// `limit_s` seconds it is killed. A process that ends before the function has returned did not return, even when its
/// exit status is 0. Throws pipit::Error (`unavailable`) when there can be no child.
using Tell = std::function<void(const std::string& line)>;
ChildOutcome in_child(double limit_s, const std::function<void(const Tell& tell)>& work);

}  // namespace pipit::cli
