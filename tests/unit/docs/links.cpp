#include "links.hpp"

#include <cctype>
#include <regex>
#include <sstream>

namespace lastgood::links {
namespace {

std::string anchor_of(const std::string& heading) {
  std::string out;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_')
      out += static_cast<char>(std::tolower(byte));
    if (c == ' ') out += '-';
  }
  return out;
}

}  // namespace

std::vector<Link> links_of(const std::string& page) {
  static const std::regex link(R"re(\]\(([^)#\s]*)(?:#([^)\s]*))?\))re");
  std::vector<Link> found;
  for (std::sregex_iterator at(page.begin(), page.end(), link); at != std::sregex_iterator();
       ++at) {
    const std::string file = (*at)[1];
    const bool is_other_site = file.contains(':');
    if (!is_other_site) found.push_back({.file = file, .anchor = (*at)[2]});
  }
  return found;
}

std::set<std::string> anchors_of(const std::string& page) {
  std::set<std::string> anchors;
  std::istringstream lines(page);
  bool is_code = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) is_code = !is_code;
    if (is_code || !line.starts_with('#')) continue;
    const auto text = line.find_first_not_of("# ");
    if (text != std::string::npos) anchors.insert(anchor_of(line.substr(text)));
  }
  return anchors;
}

}  // namespace lastgood::links
