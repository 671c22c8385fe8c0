// Modules that are broken, each in its own way, get each its own message; and one in plain C runs.
#include <doctest/doctest.h>
#include <elf.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "module/operator_module.h"
#include "module/operator_path.h"
#include "pipit/pipeline.h"

namespace {

namespace fs = std::filesystem;

const fs::path kBroken = PIPIT_BROKEN_MODULES;
const fs::path kGood = fs::path(PIPIT_TEST_OPERATORS) / "acme/text/letters.so";

/// What reading and loading a module says, without the path that it begins with.
std::string fault(const fs::path& file, const std::string& name) {
  try {
    pipit::OperatorDescription::read(file, name);
    pipit::OperatorModule::load(file);
    return "";
  } catch (const pipit::Error& e) {
    CHECK(e.code() == "invalid_module");
    const std::string text = e.what();
    const std::string prefix = file.string() + ": ";
    CHECK(text.substr(0, prefix.size()) == prefix);
    return text.substr(prefix.size());
  }
}

std::string broken(const std::string& name) {
  return fault(kBroken / (name + ".so"), "broken." + name);
}

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string path = (fs::temp_directory_path() / "pipit_modules_XXXXXX").string();
    path_ = mkdtemp(path.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The good module's bytes, and where its note's descriptor is.
struct GoodModule {
  std::string bytes = bytes_of(kGood);
  std::size_t descriptor = 0;

  GoodModule() {
    // Owner "pipit", padded; the type stands before it and the descriptor behind.
    const char head[] = {0x31, 0x50, 0x49, 0x50, 'p', 'i', 'p', 'i', 't', 0};
    descriptor = bytes.find(std::string(head, sizeof(head))) + 12;
  }
  template <class T>
  void put(std::size_t at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof(value));
  }
  template <class T>
  T get(std::size_t at) const {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    return value;
  }
};

}  // namespace

TEST_CASE("modules: another ABI is told with both versions") {
  CHECK(broken("abi_major") ==
        "built for plugin ABI 2.1, this runtime has 1.2; rebuild it against this runtime, or use a newer runtime");
  CHECK(broken("abi_minor") ==
        "built for plugin ABI 1.9, this runtime has 1.2; rebuild it against this runtime, or use a newer runtime");
  GoodModule old;
  old.put<std::uint16_t>(old.descriptor + 4, 0);
  const Folder folder;
  CHECK(fault(folder.write("old.so", old.bytes), "acme/text.letters") ==
        "built for plugin ABI 0.2, this runtime has 1.2; rebuild it against this runtime");
}

TEST_CASE("modules: another LibTorch is told with both versions") {
  const std::string said = broken("libtorch");
  // The tests' runtime may come with LibTorch or without.
  if (said.starts_with("needs")) {
    CHECK(said == "needs LibTorch 1.13.1, and this runtime comes without LibTorch");
  } else {
    CHECK(said.starts_with("built for LibTorch 1.13.1, this runtime has 2."));
    CHECK(said.ends_with("; rebuild it against this runtime"));
  }
}

TEST_CASE("modules: one without a note is no operator") {
  CHECK(broken("no_note") ==
        "is not a pipit operator: it has no pipit note; PIPIT_OPERATOR(…) in its source writes one");
}

TEST_CASE("modules: a damaged note is told") {
  const Folder folder;
  GoodModule lying;
  lying.put<std::uint32_t>(lying.descriptor, 9999);
  const auto size = lying.get<std::uint32_t>(lying.descriptor - 16);
  CHECK(fault(folder.write("lying.so", lying.bytes), "acme/text.letters") ==
        "has a damaged pipit note: it says 9999 bytes and has " + std::to_string(size));

  GoodModule reaching;
  reaching.put<std::uint32_t>(reaching.descriptor - 16, 0x7fffffff);
  CHECK(fault(folder.write("reaching.so", reaching.bytes), "acme/text.letters") ==
        "has a damaged ELF note: its size reaches beyond its segment");

  GoodModule tiny;
  tiny.put<std::uint32_t>(tiny.descriptor - 16, 4);
  CHECK(fault(folder.write("tiny.so", tiny.bytes), "acme/text.letters") ==
        "has a damaged pipit note: 4 bytes, at least 8 expected");

  GoodModule endless;
  for (std::size_t i = 8; i < size; ++i) {
    if (endless.bytes[endless.descriptor + i] == '\0') endless.bytes[endless.descriptor + i] = ' ';
  }
  CHECK(fault(folder.write("endless.so", endless.bytes), "acme/text.letters") ==
        "has a damaged pipit note: a text in it does not end");
}

TEST_CASE("modules: what is not a shared object is told") {
  const Folder folder;
  CHECK(fault(folder.write("text.so", std::string(100, 'x')), "a.text") ==
        "is not a shared object: it does not begin with ELF's magic number");
  CHECK(fault(folder.write("short.so", "hello\n"), "a.short") ==
        "is not a shared object: 6 bytes, an ELF header has 64");
  CHECK(fault(folder.write("empty.so", ""), "a.empty") == "is not a shared object: 0 bytes, an ELF header has 64");
  fs::create_directory(folder.path() / "folder.so");
  CHECK(fault(folder.path() / "folder.so", "a.folder") == "is a folder, not a shared object");
  CHECK(fault(folder.path() / "none.so", "a.none") == "cannot be opened: No such file or directory");
  CHECK(fault("/proc/self/exe", "a.exe").starts_with("is no"));
}

TEST_CASE("modules: one for another processor is told") {
  const Folder folder;
  GoodModule other;
  const auto own = other.get<std::uint16_t>(offsetof(Elf64_Ehdr, e_machine));
  other.put<std::uint16_t>(offsetof(Elf64_Ehdr, e_machine), EM_SPARCV9);
  const std::string expected = own == EM_X86_64 ? "62 (x86-64)" : "183 (aarch64)";
  CHECK(fault(folder.write("other.so", other.bytes), "acme/text.letters") ==
        "is built for another processor: ELF machine 43, expected " + expected);
  GoodModule small;
  small.bytes[EI_CLASS] = ELFCLASS32;
  CHECK(fault(folder.write("small.so", small.bytes), "acme/text.letters") ==
        "is built for another processor: ELF class 32-bit, expected 64-bit");
  GoodModule program;
  program.put<std::uint16_t>(offsetof(Elf64_Ehdr, e_type), ET_REL);
  CHECK(fault(folder.write("object.so", program.bytes), "acme/text.letters") ==
        "is not a shared object: ELF type 1, expected 3");
}

TEST_CASE("modules: a file that was cut off is told") {
  const Folder folder;
  GoodModule cut;
  const std::size_t whole = cut.bytes.size();
  for (const std::size_t size : {std::size_t{64}, std::size_t{200}, whole / 2, whole - 1}) {
    const std::string said = fault(folder.write("cut.so", cut.bytes.substr(0, size)), "acme/text.letters");
    CAPTURE(size);
    CHECK(said.find("reaches beyond the file's " + std::to_string(size) + " bytes; the file is damaged") !=
          std::string::npos);
  }
}

TEST_CASE("modules: every damaged byte of a header is survived") {
  const Folder folder;
  const GoodModule good;
  for (std::size_t at = 0; at < 64; ++at) {
    GoodModule damaged = good;
    damaged.bytes[at] = static_cast<char>(~damaged.bytes[at]);
    const fs::path file = folder.write("damaged.so", damaged.bytes);
    try {
      pipit::ElfFile elf(file);
      pipit::ModuleNote::read(elf);
      elf.section(pipit::kSignatureSection);
    } catch (const pipit::Error& e) {
      CHECK(e.code() == "invalid_module");
    }
  }
}

TEST_CASE("modules: entries that are missing or refuse are told") {
  CHECK(broken("no_entry") == "exports no 'pipit_operator_entry'; PIPIT_OPERATOR(…) in its source makes one");
  CHECK(broken("null_entry") == "its entry refused this runtime");
}

TEST_CASE("modules: a library that is missing is named") {
  CHECK(broken("missing_library") ==
        "cannot be loaded: libabsent.so: cannot open shared object file: No such file or directory");
}

TEST_CASE("modules: a name that differs from the path is told with both") {
  CHECK(broken("other_name") ==
        "is operator 'broken.its_own_name', its path makes it 'broken.other_name'; rename the file or the operator");
}

TEST_CASE("modules: a key of a later version in the stored signature is passed over until the code is asked") {
  const pipit::OperatorDescription described =
      pipit::OperatorDescription::read(kBroken / "later_signature.so", "broken.later_signature");
  CHECK(described.signature.doc == "Does nothing.");
  CHECK(broken("later_signature") ==
        "the signature stored in the file is not the one that its code gives; build it again");
}

TEST_CASE("modules: a stored signature that is not the code's is told") {
  CHECK(broken("stored_signature") ==
        "the signature stored in the file is not the one that its code gives; build it again");
}

TEST_CASE("modules: a wrong signature is told") {
  CHECK(broken("port_twice") == "signature: duplicate port 'text'");
  CHECK(
      broken("port_type") ==
      "signature: port 'text': 'text' is not a type; expected any, null, bool, int, float, string, bytes, frame, map, "
      "list<T> or tensor<f32>[512]");
  CHECK(broken("variant") == "signature: variants and the argument that chooses them must come together");
}

TEST_CASE("modules: one in plain C runs") {
  pipit::Options options;
  options.operator_path = {PIPIT_TEST_OPERATORS};
  pipit::Pipeline pipeline = pipit::Pipeline::parse(
      "pipit: 1\ninputs: {text: string}\nnodes:\n"
      "  - {name: letters, op: acme/text.letters, in: text, out: count, args: {letter: s}}\noutputs: [count]\n",
      ".", options);
  CHECK(pipeline.call({{"text", "mississippi"}}).get("count").integer() == 4);
  const pipit::Result bad = pipeline.call({{"text", ""}});
  REQUIRE(bad.error);
  CHECK(bad.error->code == "empty_text");
  CHECK(bad.error->message == "an empty text has no letters");
  REQUIRE(pipeline.stats()[0].facts.size() == 1);
  CHECK(pipeline.stats()[0].facts[0].second.string() == "s");
  options.set = {{"letters.letter", "ab"}};
  CHECK_THROWS_WITH_AS(
      pipit::Pipeline::parse("pipit: 1\ninputs: {text: string}\nnodes:\n"
                             "  - {name: letters, op: acme/text.letters, in: text, out: count}\noutputs: [count]\n",
                             ".", options),
      "pipeline:4: node 'letters': letter must be one letter", pipit::Error);
}

TEST_CASE("modules: a module is loaded once") {
  CHECK(&pipit::OperatorModule::load(kGood) == &pipit::OperatorModule::load(kGood));
  CHECK(pipit::OperatorModule::load(kGood).note.summary == "counts a letter in a text");
}
