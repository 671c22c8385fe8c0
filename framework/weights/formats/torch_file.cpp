#include "weights/formats/torch_file.h"

#include <optional>
#include <utility>

#include "weights/formats/pickle.h"
#include "weights/formats/state_dict.h"

// Both formats: torch/serialization.py, `_save` and `_legacy_save`.

namespace pipit::weights {
namespace {

// Everything lies in one folder, named after the file: "archive/data.pkl".
std::string find_folder(const ZipArchive& zip) {
  constexpr std::string_view kPickle = "data.pkl";
  std::optional<std::string> folder;
  for (const auto& [name, entry] : zip.entries()) {
    std::size_t slash = name.find('/');
    if (slash == std::string_view::npos || name.substr(slash + 1) != kPickle) continue;
    if (folder) damaged("it has two pickles, {} and {}", quote(*folder + std::string(kPickle)), quote(name));
    folder = name.substr(0, slash + 1);
  }
  if (!folder) {
    std::string_view first = zip.entries().empty() ? "nothing" : zip.entries().begin()->first;
    fail("is a zip archive that torch.save did not write: there is no data.pkl in it, but {}", quote(first));
  }
  return *folder;
}

void check_byte_order(const ZipArchive& zip, const std::string& name) {
  if (zip.contains(name) && as_text(zip.entry(name)) != "little") {
    fail("was saved in byte order {}, expected 'little'", quote(as_text(zip.entry(name))));
  }
}

// The pickles of a legacy file stand one after the other.
class Pickles {
 public:
  explicit Pickles(Bytes file) : file_(file) {}
  pickle::Pickle next() {
    pickle::Pickle pickle = pickle::read(file_.subspan(at_), at_);
    at_ += pickle.size;
    return pickle;
  }
  std::uint64_t at() const { return at_; }

 private:
  Bytes file_;
  std::uint64_t at_ = 0;
};

void collect_storages(const pickle::Pickle& content, std::map<std::string_view, DType>& dtypes) {
  for (const pickle::Value& value : content.values) {
    if (const auto* storage = std::get_if<pickle::Storage>(&value)) dtypes.emplace(storage->key, storage->dtype);
  }
}

// After the pickles: for each key in turn the number of elements, then the elements.
std::map<std::string_view, Bytes> read_storages(Bytes file, std::uint64_t at, const pickle::Pickle& content,
                                                const pickle::Value& keys) {
  std::map<std::string_view, DType> dtypes;
  collect_storages(content, dtypes);
  const auto* list = std::get_if<pickle::List>(&keys);
  if (list == nullptr) damaged("expected the list of its storages, found {}", pickle::describe(keys));
  std::map<std::string_view, Bytes> storages;
  for (const pickle::Value* value : list->items) {
    const auto* key = std::get_if<pickle::Text>(value);
    auto dtype = key != nullptr ? dtypes.find(key->utf8) : dtypes.end();
    if (dtype == dtypes.end()) {
      damaged("its list of storages has {}, which no tensor of a known dtype uses", pickle::describe(*value));
    }
    std::string what = "storage " + quote(key->utf8);
    auto elements = load<std::uint64_t>(file, at, what);
    auto item_bytes = dtype_bytes(dtype->second);
    if (elements > file.size() / item_bytes) damaged("{} has {} elements, more than the file", what, elements);
    storages[key->utf8] = slice(file, at + 8, elements * item_bytes, what);
    at += 8 + elements * item_bytes;
  }
  return storages;
}

}  // namespace

Contents read_torch_zip(Bytes file, WeightState state) {
  ZipArchive zip(file);
  std::string folder = find_folder(zip);
  check_byte_order(zip, folder + "byteorder");
  bool script = zip.contains(folder + "constants.pkl");
  pickle::Pickle content = pickle::read(zip.entry(folder + "data.pkl"));
  StateDict found = script ? StateDict{find_module_tensors(*content.root)} : find_state_dict(*content.root, state);
  Contents contents{script ? Container::kTorchScript : Container::kTorchZip, {}};
  contents.averaged = std::move(found.averaged);
  contents.state = found.state;
  for (const auto& [name, tensor] : found.tensors) {
    Bytes storage = zip.entry(folder + "data/" + std::string(tensor->storage.key));
    contents.tensors.emplace(name, view_tensor(name, *tensor, storage));
  }
  // Texts beside the program: what pipit's own archives tell of the model.
  const std::string extra = folder + "extra/pipit.";
  for (auto at = zip.entries().lower_bound(extra); at != zip.entries().end() && at->first.starts_with(extra); ++at) {
    contents.metadata.emplace(at->first.substr(folder.size() + std::string_view("extra/").size()),
                              as_text(zip.entry(at->first)));
  }
  return contents;
}

bool looks_like_pickle(Bytes file) {
  return file.size() > 2 && file[0] == std::byte{0x80} && file[1] >= std::byte{2} && file[1] <= std::byte{5};
}

Contents read_torch_legacy(Bytes file, WeightState state) {
  constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
  Pickles pickles(file);
  pickle::Pickle magic = pickles.next();
  const auto* number = std::get_if<pickle::Raw>(magic.root);
  if (number == nullptr || number->bytes != kMagic) {
    fail("is a pickle of {}, not a file that torch.save wrote", pickle::describe(*magic.root));
  }
  pickle::Pickle version = pickles.next();
  const auto* version_number = std::get_if<std::int64_t>(version.root);
  if (version_number == nullptr || *version_number != 1001) {
    fail("was written by a torch.save of another version than 1001, the only one known");
  }
  pickle::Pickle system = pickles.next();
  const auto* facts = std::get_if<pickle::Dict>(system.root);
  const pickle::Value* order = facts != nullptr ? pickle::find(*facts, "little_endian") : nullptr;
  const auto* little_endian = order != nullptr ? std::get_if<bool>(order) : nullptr;
  if (little_endian == nullptr || !*little_endian) fail("was saved on a big-endian machine");
  pickle::Pickle content = pickles.next();
  pickle::Pickle keys = pickles.next();
  auto storages = read_storages(file, pickles.at(), content, *keys.root);
  StateDict found = find_state_dict(*content.root, state);
  Contents contents{Container::kTorchLegacy, {}};
  contents.averaged = std::move(found.averaged);
  contents.state = found.state;
  for (const auto& [name, tensor] : found.tensors) {
    auto storage = storages.find(tensor->storage.key);
    if (storage == storages.end()) damaged("tensor {} has no storage in the file", quote(name));
    contents.tensors.emplace(name, view_tensor(name, *tensor, storage->second));
  }
  return contents;
}

}  // namespace pipit::weights
