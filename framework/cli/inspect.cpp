// pipit operators, pipit inspect

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "command.h"
#include "module/operator_path.h"
#include "pipit/error.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

po::options_description path_options() {
  po::options_description options("options");
  options.add_options()("operator-path", po::value<std::vector<std::string>>()->composing()->value_name("DIR"),
                        "search this folder for operators first; may be repeated");
  options.add_options()("json", po::bool_switch(), "print JSON");
  return options;
}

Json note_json(const std::string& name, const std::filesystem::path& file, const ModuleNote& note) {
  return {{"name", name},
          {"file", file.string()},
          {"version", note.version},
          {"summary", note.summary},
          {"abi", fmt::format("{}.{}", note.abi_major, note.abi_minor)},
          {"libtorch", note.libtorch}};
}

std::string count_text(PortCount count, bool input) {
  if (count == PortCount::kOne) return "";
  if (!input) return "  (any number of rows for each row)";
  return count == PortCount::kMany ? "  (a window of rows)" : "  (all rows, one result)";
}

void print_ports(const char* title, const std::vector<Port>& ports, bool input) {
  for (const Port& port : ports) {
    fmt::print("  {:<4} {}: {}{}\n", title, port.name, port.type.text(), count_text(port.count, input));
    if (!port.doc.empty()) fmt::print("         {}\n", port.doc);
  }
}

void print_signature(const OperatorDescription& op) {
  const OperatorSignature& s = op.signature;
  fmt::print("{} {}: {}\n{}\n{}\n\n", op.name, op.note.version, op.note.summary, op.file.string(), s.doc);
  for (const Variant& variant : s.variants) {
    if (!variant.value.empty()) fmt::print("with {}: {}\n", s.variant_argument, variant.value);
    print_ports("in", variant.inputs, true);
    print_ports("out", variant.outputs, false);
  }
  fmt::print("\narguments{}\n", s.arguments.empty() ? ": none" : "");
  for (const Argument& argument : s.arguments) {
    fmt::print("  {}: {}{}\n", argument.name, argument.type_text,
               argument.default_text ? fmt::format(" = {}", *argument.default_text) : ", required");
    if (!argument.values.all()) fmt::print("         {}\n", argument.values.describe());
    fmt::print("         {}{}\n", argument.doc,
               argument.alias.empty() ? "" : fmt::format(" (also: {})", argument.alias));
  }
  if (!s.refusals.empty()) fmt::print("\nrefuses, besides pipit's own codes\n");
  for (const Refusal& refusal : s.refusals) fmt::print("  {}: {}\n", refusal.code, refusal.when);
  fmt::print("\nstate: {}; LibTorch: {}; plugin ABI {}.{}\n", s.per_item ? "per item" : "none", op.note.libtorch,
             op.note.abi_major, op.note.abi_minor);
}

}  // namespace

int list_operators(const Arguments& arguments) {
  const Parsed parsed = parse(arguments, "operators [--operator-path DIR]… [--json]", path_options(), {});
  if (parsed.done) return kAllGood;
  const OperatorPath path(operator_folders(parsed.values));
  const auto entries = path.list();
  if (entries.empty()) throw Error("not_found", fmt::format("no operators found; searched: {}", path.searched()));
  Json all = Json::array();
  std::size_t width = 0;
  for (const auto& entry : entries) width = std::max(width, entry.name.size());
  for (const auto& entry : entries) {
    std::string line;
    try {
      ElfFile elf(entry.file);
      const ModuleNote note = read_note(elf, entry.name);
      all.push_back(note_json(entry.name, entry.file, note));
      line = fmt::format("{:<{}}  {:<8} {}", entry.name, width, note.version, note.summary);
    } catch (const Error& e) {
      all.push_back({{"name", entry.name}, {"file", entry.file.string()}, {"error", e.what()}});
      line = fmt::format("{:<{}}  {}", entry.name, width, e.what());
    }
    if (!parsed.values["json"].as<bool>()) fmt::print("{}\n", line);
  }
  if (parsed.values["json"].as<bool>()) fmt::print("{}\n", all.dump(2));
  return kAllGood;
}

int inspect(const Arguments& arguments) {
  po::options_description options = path_options();
  options.add_options()("name", po::value<std::string>()->required(), "the operator");
  po::positional_options_description positional;
  positional.add("name", 1);
  const Parsed parsed = parse(arguments, "inspect NAME [--operator-path DIR]… [--json]", options, positional);
  if (parsed.done) return kAllGood;
  const std::string name = parsed.values["name"].as<std::string>();
  const OperatorPath path(operator_folders(parsed.values));
  const OperatorDescription op = OperatorDescription::read(path.get(name), name);
  if (parsed.values["json"].as<bool>()) {
    Json json = note_json(name, op.file, op.note);
    json.update(Json::parse(op.signature.to_json()));
    fmt::print("{}\n", json.dump(2));
  } else {
    print_signature(op);
  }
  return kAllGood;
}

}  // namespace pipit::cli
