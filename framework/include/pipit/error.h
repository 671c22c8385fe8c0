// The one exception of pipit: what went wrong, as a stable code and one sentence.
#pragma once

#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace pipit {

/// Thrown by every part of pipit, and by operators, for a fault that a user can act on.
///
/// `what()` is one sentence in lower case without a full stop, names quoted: subject, expected, found, remedy. An
/// operator states the local fact only ("weight_path 'a.pth' does not exist"); the framework adds node and line, once.
/// `code()` is a short stable word for programs, printed in an item's error line. Codes in use:
///   invalid_argument  an argument of a node, or a combination of them, is wrong
///   invalid_input     an item's own input is wrong (missing, wrong type, malformed line)
///   not_found         a file, operator or device is not there
///   invalid_media     a file that is not a video or an image, or cannot be decoded
///   invalid_checkpoint a weight file that is damaged, or does not hold the model that was asked for
///   invalid_pipeline  a pipeline file that is wrong
///   invalid_index     an index that is damaged or of a newer format, or a folder that is not an index
///   invalid_module    a shared object that is not an operator, or one for another runtime
///   item_too_large    an item overflowed a bound on memory or count
///   limit_exceeded    a safety limit on untrusted input was hit
///   unavailable       a device or library that this machine does not have
///   invalid_output    an item's result does not fit into the output that was asked for
///   output_failed     results cannot be written
///   cancelled         the run was told to stop
///   operator_failed   anything else that an operator threw
///   out_of_memory     memory is exhausted
///   internal          a fault of pipit itself
class __attribute__((visibility("default"))) Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}

  const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

namespace detail {

/// Runs a function; gives what it throws to `sink` as code and message. True when it returned.
template <class Function, class Sink>
bool contain(Function&& function, Sink&& sink) noexcept {
  try {
    function();
    return true;
  } catch (const Error& e) {
    sink(e.code().c_str(), e.what());
  } catch (const std::bad_alloc&) {
    sink("out_of_memory", "memory is exhausted");
  } catch (const std::exception& e) {
    sink("operator_failed", e.what());
  } catch (...) {
    sink("operator_failed", "threw something that is not a std::exception");
  }
  return false;
}

}  // namespace detail

}  // namespace pipit
