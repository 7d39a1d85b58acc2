#include "code_references.hpp"

#include <cctype>
#include <regex>
#include <sstream>
#include <string_view>

namespace lastgood::code_references {
namespace {

bool is_part_of_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':';
}

// True if the line has `name` followed by "(", and `name` is not the end of a longer name.
bool has_function(std::string_view line, const std::string& name) {
  const std::string wanted = name + "(";
  for (auto at = line.find(wanted); at != std::string_view::npos; at = line.find(wanted, at + 1)) {
    if (at == 0 || !is_part_of_name(line[at - 1])) return true;
  }
  return false;
}

bool has_class(const std::string& text, const std::string& name) {
  return std::regex_search(text, std::regex("\\b(class|struct) " + name + "\\b"));
}

// The indentation of a member function in a header. Other functions are not indented.
constexpr std::size_t member_indentation = 2;

}  // namespace

std::vector<FunctionReference> functions_in(const std::string& page) {
  static const std::regex pair(R"re(`([\w/-]+\.[ch]pp):([A-Za-z_][\w:]*)`)re");
  std::vector<FunctionReference> found;
  for (std::sregex_iterator at(page.begin(), page.end(), pair); at != std::sregex_iterator();
       ++at) {
    found.push_back({.file = (*at)[1], .function = (*at)[2]});
  }
  return found;
}

std::vector<std::string> files_in(const std::string& page) {
  static const std::regex file(R"re(`([\w-]+/[\w/-]+\.[ch]pp)`)re");
  std::vector<std::string> found;
  for (std::sregex_iterator at(page.begin(), page.end(), file); at != std::sregex_iterator();
       ++at) {
    found.push_back((*at)[1]);
  }
  return found;
}

std::string path_of(const std::string& file) {
  const bool is_from_root =
      file.starts_with("controller/") || file.starts_with("cmd/") || file.starts_with("tests/");
  return is_from_root ? file : "controller/" + file;
}

bool declares(const std::string& text, const FunctionReference& reference) {
  const bool is_header = reference.file.ends_with(".hpp");
  const auto colons = reference.function.rfind("::");
  const bool is_member = colons != std::string::npos;
  std::string name = reference.function;
  if (is_header && is_member) {
    if (!has_class(text, name.substr(0, colons))) return false;
    name = name.substr(colons + 2);
  }
  const std::size_t max_indentation = is_header && is_member ? member_indentation : 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto indentation = line.find_first_not_of(' ');
    if (indentation == std::string::npos || indentation > max_indentation) continue;
    if (!line.substr(indentation).starts_with("//") && has_function(line, name)) return true;
  }
  return false;
}

std::vector<std::string> numbered_items(const std::string& text) {
  static const std::regex number(R"re(^[0-9]+\. )re");
  std::vector<std::string> items;
  bool is_in_item = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool is_first = std::regex_search(line, number);
    if (is_first) items.emplace_back();
    if (!line.empty()) is_in_item = is_first || (is_in_item && line.starts_with(' '));
    if (is_in_item) items.back() += line + "\n";
  }
  return items;
}

}  // namespace lastgood::code_references
