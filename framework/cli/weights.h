// The subcommands of `pipit weights`.
#pragma once

#include "command.h"

namespace pipit::cli {

int inspect_weights(const Arguments& arguments);
int verify_weights(const Arguments& arguments);
int convert_weights(const Arguments& arguments);
int quantize_weights(const Arguments& arguments);
int weights_cache(const Arguments& arguments);

}  // namespace pipit::cli
