// What the runtime knows of the program that isolated operators run in.
#pragma once

namespace pipit {

/// Its file, in the folder that operators/ lies in.
inline constexpr const char* kChildProgram = "operator_process";

/// The descriptor of its end of the channel.
inline constexpr int kChildSocket = 3;

}  // namespace pipit
