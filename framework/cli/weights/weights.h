// The subcommands of `pipit weights`, and what they share.
#pragma once

#include <cstdint>
#include <string>

#include "cli/command.h"
#include "pipit/weights/clip_checkpoint.h"

namespace pipit::cli {

int inspect_weights(const Arguments& arguments);
int verify_weights(const Arguments& arguments);
int convert_weights(const Arguments& arguments);
int quantize_weights(const Arguments& arguments);
int weights_cache(const Arguments& arguments);

/// The positional FILE, what it takes to understand it (--heads, --activation, --ignore, --state), and --json.
void add_checkpoint_options(boost::program_options::options_description& options);
/// What they ask for.
weights::WeightState weight_state(const boost::program_options::variables_map& values);
weights::ClipRequest clip_request(const boost::program_options::variables_map& values);
/// The file that those options name.
weights::Checkpoint open_file(const boost::program_options::variables_map& values);
/// The checkpoint that those options name, with whichever towers it has.
weights::ClipCheckpoint open_checkpoint(const boost::program_options::variables_map& values);

/// "605 MB"
std::string size_text(std::uint64_t bytes);

}  // namespace pipit::cli
