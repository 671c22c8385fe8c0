// A config file beside the weights, of which nothing is left unread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace pipit::weights {

/// One object of a config. Every key is taken, ignored or refused: `refuse_rest` refuses what was neither. A null is a
/// key that is not there. Throws Fault.
class ConfigReader {
 public:
  /// `file` is the file's name. The JSON must outlive the reader.
  ConfigReader(std::string file, const nlohmann::json& object) : file_(std::move(file)), object_(object) {}

  bool has(const std::string& key) { return find(key) != nullptr; }
  /// The value, whatever it is; null where the key is not there.
  const nlohmann::json* find(const std::string& key);
  std::string text(const std::string& key, const std::string& otherwise);
  std::int64_t integer(const std::string& key, std::int64_t otherwise);
  double number(const std::string& key, double otherwise);
  bool boolean(const std::string& key, bool otherwise);
  std::optional<ConfigReader> object(const std::string& key);

  /// Keys that change no vector, whatever their value.
  void ignore(std::span<const std::string_view> keys);
  void ignore(std::initializer_list<std::string_view> keys) { ignore(std::span(keys.begin(), keys.size())); }
  /// Keys that change no vector as long as they are off: absent, null, false or empty.
  void require_off(std::initializer_list<const char*> keys);
  /// Throws for a key that was neither taken nor ignored.
  void refuse_rest() const;

  /// Throws: the file has this key with this value, and then `why`: "pipit computes 'a' and 'b'".
  [[noreturn]] void refuse(const std::string& key, std::string_view why) const;

 private:
  ConfigReader(const ConfigReader& outer, const std::string& key, const nlohmann::json& object)
      : file_(outer.file_), path_(outer.path_ + key + "."), object_(object) {}

  std::string file_;
  std::string path_;  // of the object in the file: "text_cfg."
  const nlohmann::json& object_;
  std::set<std::string, std::less<>> seen_;
};

}  // namespace pipit::weights
