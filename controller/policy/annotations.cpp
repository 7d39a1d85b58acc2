#include "policy/annotations.hpp"

#include <fmt/format.h>

#include <array>

#include "api/values.hpp"
#include "base/text.hpp"

namespace lastgood::policy {
namespace {

constexpr std::array writable = {key::enabled, key::policy, key::config_map, key::pause_until};
constexpr std::size_t most_problems = 16;

class Parser {
 public:
  void read(const std::string& name, const std::string& value) {
    if (name == key::enabled) return read_enabled(value);
    if (name == key::policy) return read_name(name, value, "a RollbackPolicy, such as \"web\"", out_.policy);
    if (name == key::config_map) return read_name(name, value, "a ConfigMap, such as \"rollback-config\"", out_.config_map);
    if (name == key::pause_until) return read_pause(value);
    if (name == key::rolled_back_by) return;
    problem(name, fmt::format("{} is not a key of this release; the nearest valid key is {}", in_quotes(name, 128),
                              nearest(name, writable)->name));
  }
  OptIn take() { return std::move(out_); }

 private:
  void problem(std::string_view name, std::string message) {
    if (out_.problems.size() < most_problems) out_.problems.push_back({clip(name, 317), std::move(message)});
  }
  void read_enabled(const std::string& value) {
    if (value == "true") {
      out_.enabled = true;
    } else if (value == "false") {
      out_.enabled = false;
    } else {
      problem(key::enabled, fmt::format(R"({}: {} is neither "true" nor "false")", key::enabled, in_quotes(value)));
    }
  }
  void read_name(std::string_view name, const std::string& value, std::string_view of_what, std::string& target) {
    if (api::is_dns_subdomain(value)) {
      target = value;
    } else {
      problem(name, fmt::format("{}: {} cannot be the name of {}", name, in_quotes(value), of_what));
    }
  }
  void read_pause(const std::string& value) {
    out_.pause_until = parse_rfc3339(value);
    if (out_.pause_until) return;
    problem(key::pause_until, fmt::format(R"({}: {} is not a time in RFC 3339, such as "2026-11-24T18:00:00Z")", key::pause_until,
                                          in_quotes(value)));
  }

  OptIn out_;
};

}  // namespace

std::span<const std::string_view> valid_keys() { return writable; }

OptIn parse_opt_in(const api::StringMap& annotations) {
  Parser parser;
  for (const auto& [name, value] : annotations) {
    if (name.starts_with(key::prefix)) parser.read(name, value);
  }
  return parser.take();
}

}  // namespace lastgood::policy
