#include "simulation/fake/route.hpp"

#include <charconv>
#include <cstdint>
#include <vector>

namespace lastgood::simulation {
namespace {

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

enum class SplitAt : std::uint8_t { EverySeparator, SeparatorsOutsideBrackets };

std::vector<std::string> split(std::string_view text, char separator,
                               SplitAt split_at = SplitAt::EverySeparator) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == separator && (depth <= 0 || split_at == SplitAt::EverySeparator)) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

using Labels = std::map<std::string, std::string>;

bool has_value(const Labels& labels, const std::string& key, const std::string& value) {
  const auto found = labels.find(key);
  return found != labels.end() && found->second == value;
}

bool in_set(const Labels& labels, const std::string& key, std::string_view set) {
  for (const std::string& value : split(set, ',')) {
    if (has_value(labels, key, trimmed(value))) return true;
  }
  return false;
}

bool requirement_holds(const std::string& text, const Labels& labels) {
  const auto open = text.find('(');
  if (open != std::string::npos) {
    const std::string before = trimmed(text.substr(0, open));
    const std::string key = before.substr(0, before.find(' '));
    return in_set(labels, key, text.substr(open + 1, text.find(')') - open - 1)) !=
           before.ends_with(" notin");
  }
  if (text.starts_with('!')) return !labels.contains(trimmed(text.substr(1)));
  const auto equals = text.find('=');
  if (equals == std::string::npos) return labels.contains(text);
  const bool negated = equals > 0 && text[equals - 1] == '!';
  const std::string key = trimmed(text.substr(0, negated ? equals - 1 : equals));
  const auto value_at = text.find_first_not_of('=', equals);
  const std::string value = value_at == std::string::npos ? "" : trimmed(text.substr(value_at));
  return has_value(labels, key, value) != negated;
}

}  // namespace

std::string Route::parameter(const std::string& key) const {
  const auto found = query.find(key);
  return found == query.end() ? std::string() : found->second;
}

std::optional<Route> parse_route(std::string_view target) {
  const auto question = target.find('?');
  std::vector<std::string> parts = split(target.substr(0, question), '/');
  // The prefix is "", "api", "v1" or "", "apis", group, version.
  const std::size_t prefix = parts.size() > 1 && parts[1] == "api" ? 3 : 4;
  if (parts.size() <= prefix || !parts[0].empty()) return std::nullopt;
  Route route;
  std::size_t at = prefix;
  if (parts[at] == "namespaces" && parts.size() > at + 2) {
    route.namespace_ = percent_decoded(parts[at + 1]);
    at += 2;
  }
  route.plural = parts[at];
  if (parts.size() > at + 1) route.name = percent_decoded(parts[at + 1]);
  if (parts.size() > at + 2) route.subresource = parts[at + 2];
  if (question == std::string_view::npos) return route;
  for (const std::string& pair : split(target.substr(question + 1), '&')) {
    const auto equals = pair.find('=');
    if (equals != std::string::npos)
      route.query[percent_decoded(pair.substr(0, equals))] =
          percent_decoded(pair.substr(equals + 1));
  }
  return route;
}

bool matches_selector(std::string_view selector, const Labels& labels) {
  for (const std::string& requirement : split(selector, ',', SplitAt::SeparatorsOutsideBrackets)) {
    const std::string text = trimmed(requirement);
    if (!text.empty() && !requirement_holds(text, labels)) return false;
  }
  return true;
}

}  // namespace lastgood::simulation
