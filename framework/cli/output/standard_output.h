// Standard output while code of others runs in this process: it belongs to the results alone.
#pragma once

#include <optional>
#include <string_view>

namespace pipit::cli {

/// Opens what is closed of descriptors 0, 1 and 2, so that no file that is opened later becomes one of them: standard
/// error to nowhere, the others so that using them is an error. First of all.
void open_standard_descriptors();

/// From here to the end of the process descriptor 1, and with it printf and std::cout of operators and of the processes
/// that they start, is standard error; the results have a descriptor of their own. To be called before there are other
/// threads.
void keep_standard_output();

/// The descriptor of standard output as the program was given it.
int standard_output();

/// A descriptor that whoever started the program has opened, by its name: 1 for "-" and "/dev/stdout", 2 for
/// "/dev/stderr", 6 for "/dev/fd/6". Nothing for names of files.
std::optional<int> named_descriptor(std::string_view file);
/// "-", and the names that the system has for standard output.
bool is_standard_output(std::string_view file);

}  // namespace pipit::cli
