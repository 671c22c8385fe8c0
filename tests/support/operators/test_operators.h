// Operators for the tests of the framework: small, without libraries, one class each.
#pragma once

#include <pipit/operator.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace test {

/// A text's words, one row each.
class Words {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Splits a text at its spaces.").input("text", "string").output_many("word", "string");
  }
  Words(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Row& row, pipit::Emitter& out) {
    std::istringstream words{std::string(row[0].string())};
    for (std::string word; words >> word;) {
      if (!out.emit(word)) return;
    }
  }
};

/// One row in, one row out; "bad" in the text is an error, "!" a foreign exception.
class Upper {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Upper-cases a text.")
        .input("text", "string", "any text")
        .output("text", "string", "the same in capitals")
        .argument("suffix", "string", "", "is put behind")
        .argument("times", "int", "1", "how often")
        .alias("args.times")
        .argument("style", "enum(plain|loud)", "plain", "loud adds an exclamation mark")
        .argument("file", "path", "null", "is put behind too")
        .may_be_missing();
  }
  Upper(const pipit::Arguments& arguments, pipit::Context& context)
      : suffix_(arguments.string("suffix")), times_(arguments.integer("times")), context_(context) {
    if (times_ < 0) throw pipit::Error("invalid_argument", "times must be at least 0");
    if (arguments.string("style") == "loud") suffix_ += "!";
    if (arguments.has("file")) suffix_ += arguments.string("file");
  }
  pipit::Value process(const pipit::Row& row) {
    std::string text(row[0].string());
    if (text.find("bad") != std::string::npos) throw pipit::Error("bad_text", "'" + text + "' is bad");
    if (text.find('?') != std::string::npos) throw 7;
    if (text.find('#') != std::string::npos) throw std::runtime_error("a hash");
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    context_.count("texts");
    std::string result;
    for (std::int64_t i = 0; i < times_; ++i) result += text;
    return result + suffix_;
  }

 private:
  std::string suffix_;
  std::int64_t times_;
  pipit::Context& context_;
};

/// A filter.
class Longer {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Whether a text is long.")
        .input("text", "string")
        .output("long", "bool")
        .argument("than", "int", "3", "bytes");
  }
  Longer(const pipit::Arguments& arguments, pipit::Context&) : than_(arguments.integer("than")) {}
  pipit::Value process(const pipit::Row& row) { return static_cast<std::int64_t>(row[0].string().size()) > than_; }

 private:
  std::int64_t than_;
};

/// A window, and a value beside it.
class Join {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Joins words.")
        .input_window("words", "string")
        .input("prefix", "string")
        .output("text", "string");
  }
  Join(const pipit::Arguments&, pipit::Context&) {}
  pipit::Value process(const pipit::Row& row) {
    std::string text(row[1].string());
    for (const pipit::Value& word : row[0].list()) text += "/" + std::string(word.string());
    return text;
  }
};

/// Two columns, one row.
class Pair {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Two texts as one.").input("a", "string").input("b", "string").output("text", "string");
  }
  Pair(const pipit::Arguments&, pipit::Context&) {}
  pipit::Value process(const pipit::Row& row) {
    return std::string(row[0].string()) + "+" + std::string(row[1].string());
  }
};

/// Rows one by one, one result at the end.
class Length {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Bytes of all texts together.")
        .input_reduce("text", "string")
        .output("bytes", "int")
        .per_item();
  }
  Length(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Row& row, pipit::Emitter&) { bytes_ += static_cast<std::int64_t>(row[0].string().size()); }
  void finish(pipit::Emitter& out) { out.emit(bytes_); }

 private:
  std::int64_t bytes_ = 0;
};

/// State across an item's rows, and a row of its own at the end.
class EverySecond {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Every second text, then how many there were.")
        .input("text", "string")
        .output_many("text", "string")
        .per_item();
  }
  EverySecond(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Row& row, pipit::Emitter& out) {
    if (seen_++ % 2 == 0) out.emit(row[0]);
  }
  void finish(pipit::Emitter& out) { out.emit("of " + std::to_string(seen_)); }

 private:
  int seen_ = 0;
};

/// Breaks the rules, as told.
class Rogue {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Does what it must not.")
        .input("text", "string")
        .output("text", "string")
        .required("how", "enum(none|two|type|complex|constructor|slow|good)", "what to do wrong");
  }
  Rogue(const pipit::Arguments& arguments, pipit::Context&) : how_(arguments.string("how")) {
    if (how_ == "constructor") throw pipit::Error("not_found", "weights 'w' do not exist");
  }
  void process(const pipit::Row& row, pipit::Emitter& out) {
    if (how_ == "two") out.emit(row[0]);
    if (how_ == "type") out.emit(std::vector<pipit::Value>{7});
    if (how_ == "slow") std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (how_ == "complex") {
      static pipit_managed_tensor tensor{};
      tensor.tensor.dtype = {5, 64, 1};
      out.emit(pipit::Tensor::adopt(&tensor));
    }
    if (how_ != "none" && how_ != "type" && how_ != "complex") out.emit(row[0]);
  }

 private:
  std::string how_;
};

/// Rows one by one with a value that holds for all of them, one result at the end.
class Tag {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Joins words as they come.")
        .input_reduce("word", "string")
        .input("prefix", "string")
        .output("text", "string")
        .per_item();
  }
  Tag(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Row& row, pipit::Emitter&) {
    if (text_.empty()) text_ = std::string(row[1].string());
    text_ += "/" + std::string(row[0].string());
  }
  void finish(pipit::Emitter& out) { out.emit(text_); }

 private:
  std::string text_;
};

/// A window of two columns.
class Zip {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Two columns side by side.")
        .input_window("a", "string")
        .input_window("b", "string")
        .output("text", "string");
  }
  Zip(const pipit::Arguments&, pipit::Context&) {}
  pipit::Value process(const pipit::Row& row) {
    std::string text;
    for (std::size_t i = 0; i < row[0].list().size(); ++i) {
      text += "/" + std::string(row[0].list()[i].string()) + ":" + std::string(row[1].list()[i].string());
    }
    return text;
  }
};

/// Takes its time, whatever happens meanwhile.
class Sleep {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Gives back its input after a while.")
        .input("text", "string")
        .output("text", "string")
        .argument("ms", "int", "100", "how long");
  }
  Sleep(const pipit::Arguments& arguments, pipit::Context&) : time_(arguments.integer("ms")) {}
  pipit::Value process(const pipit::Row& row) {
    std::this_thread::sleep_for(time_);
    return row[0];
  }

 private:
  std::chrono::milliseconds time_;
};

/// What a file holds as a tensor; a file that is not there is an error of its item.
class Content {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("The bytes of the file that a text names, as numbers.")
        .input("file", "string")
        .output("bytes", "tensor<f32>[?]");
  }
  Content(const pipit::Arguments&, pipit::Context&) {}
  pipit::Value process(const pipit::Row& row) {
    std::ifstream stream{std::string(row[0].string())};
    if (!stream) throw pipit::Error("not_found", "no file '" + std::string(row[0].string()) + "'");
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    pipit::Tensor bytes = pipit::Tensor::empty(pipit::DType::kFloat32, {static_cast<std::int64_t>(text.size())});
    std::ranges::copy(text, bytes.mutable_data<float>());
    return bytes;
  }
};

/// Prints wherever it can, as code that was not written for pipelines does.
class Chatter {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Gives the text back and prints.").input("text", "string").output("text", "string");
  }
  Chatter(const pipit::Arguments&, pipit::Context&) {
    std::printf("constructed\n");
    std::atexit([] { std::fputs("left\n", stdout); });
  }
  pipit::Value process(const pipit::Row& row) {
    std::cout << "processed\n";
    if (std::system("echo started") != 0) throw pipit::Error("operator_failed", "no shell");
    return row[0];
  }
};

/// A tensor as long as the text.
class Codes {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("The bytes of a text as numbers.")
        .input("text", "string")
        .output("codes", "tensor<f32>[?]");
  }
  Codes(const pipit::Arguments&, pipit::Context&) {}
  pipit::Value process(const pipit::Row& row) {
    const std::string_view text = row[0].string();
    pipit::Tensor codes = pipit::Tensor::empty(pipit::DType::kFloat32, {static_cast<std::int64_t>(text.size())});
    for (std::size_t i = 0; i < text.size(); ++i) {
      codes.mutable_data<float>()[i] = static_cast<float>(static_cast<unsigned char>(text[i])) + 0.1f;
    }
    return codes;
  }
};

/// A value without a JSON form.
class Picture {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("A grey picture.").input("text", "string").output("picture", "frame");
  }
  Picture(const pipit::Arguments&, pipit::Context&) {}
  pipit::Value process(const pipit::Row&) {
    pipit::Tensor pixels = pipit::Tensor::empty(pipit::DType::kUInt8, {2, 2, 3});
    std::fill_n(pixels.mutable_data<std::uint8_t>(), 12, std::uint8_t{128});
    return pipit::Frame::make({}, pixels);
  }
};

/// A value of any type.
class Anything {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("A value of the type that the text names.").input("text", "string").output("value", "any");
  }
  Anything(const pipit::Arguments&, pipit::Context&) {}
  pipit::Value process(const pipit::Row& row) {
    const std::string_view wanted = row[0].string();
    if (wanted == "int") return 7;
    if (wanted == "float") return 0.1;
    if (wanted == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (wanted == "null") return nullptr;
    if (wanted == "bytes") return pipit::Value::bytes(std::as_bytes(std::span("abc", 3)));
    if (wanted == "map") return pipit::Value::map({{"a", 1}, {"b", pipit::Value::list({true, "x"})}});
    return row[0];
  }
};

/// Numbers up to a count: many rows without any input but the count.
class Count {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Numbers from 0.").input("to", "int").output_many("number", "int");
  }
  Count(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Row& row, pipit::Emitter& out) {
    for (std::int64_t i = 0; i < row[0].integer(); ++i) {
      if (!out.emit(i)) return;
    }
  }
};

/// Many rows at once; odd numbers are refused one by one.
class Half {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Half of an even number.")
        .input("number", "int")
        .output("half", "int")
        .batch(8)
        .refuses("odd", "for an odd number");
  }
  Half(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Batch& in, pipit::BatchEmitter& out) {
    if (in.size() > 8) throw pipit::Error("internal", "batch of more than 8");
    for (std::uint32_t row = in.size(); row-- > 0;) {
      const std::int64_t number = in[row][0].integer();
      if (number % 2 != 0) {
        out.fail(row, pipit::Error("odd", std::to_string(number) + " is odd"));
      } else {
        out.emit(row, number / 2);
      }
    }
  }
};

/// Rows with a time.
class Times {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("The numbers in a text.").input("text", "string").output_many("time", "float");
  }
  Times(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Row& row, pipit::Emitter& out) {
    std::istringstream stream{std::string(row[0].string())};
    for (std::string word; stream >> word;) out.emit(std::strtod(word.c_str(), nullptr));
  }
};

/// A window of numbers as a text.
class Gather {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Numbers side by side.").input_window("number", "float").output("text", "string");
  }
  Gather(const pipit::Arguments&, pipit::Context&) {}
  pipit::Value process(const pipit::Row& row) {
    std::string text;
    for (const pipit::Value& number : row[0].list())
      text += (text.empty() ? "" : ",") + std::to_string(std::llround(number.number()));
    return text;
  }
};

/// Tells how many rows came in one call. One bad row spoils the call.
class Crowd {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("How many texts there were in the call.")
        .variant("modality", "row")
        .input("text", "any")
        .output("size", "int")
        .variant("modality", "window")
        .input_window("text", "any")
        .output("size", "int")
        .argument("modality", "enum(row|window)", "row", "a text, or all texts of the item")
        .batch(4);
  }
  Crowd(const pipit::Arguments&, pipit::Context&) {}
  void process(const pipit::Batch& in, pipit::BatchEmitter& out) {
    for (std::uint32_t row = 0; row < in.size(); ++row) {
      out.emit(row, static_cast<std::int64_t>(in.size()));
      if (in[row][0].kind() == pipit::Kind::kString && in[row][0].string() == "bad")
        throw pipit::Error("bad_text", "one of " + std::to_string(in.size()) + " texts is bad");
    }
  }
};

}  // namespace test
