// The subcommands of `pipit index`.
#pragma once

#include <string>

#include "cli/command.h"

namespace pipit::cli {

int index_info(const Arguments& arguments);
int index_failed(const Arguments& arguments);
int index_verify(const Arguments& arguments);
int index_remove(const Arguments& arguments);
int index_compact(const Arguments& arguments);
int index_tune(const Arguments& arguments);
int index_export(const Arguments& arguments);
int index_import(const Arguments& arguments);

/// Options that begin with the folder of an index.
void add_index_option(boost::program_options::options_description& options);
/// Parses "index COMMAND DIR.index …"; `usage` is what stands behind "pipit ".
Parsed parse_index(const Arguments& arguments, const std::string& usage,
                   const boost::program_options::options_description& options);

}  // namespace pipit::cli
