#include "includes.hpp"

#include <algorithm>
#include <map>

namespace lastgood::architecture {
namespace {

using Names = std::vector<std::string_view>;

// Who may include whom, besides itself.
const std::map<std::string_view, Names> allowed = {
    {"base", {}},
    {"api", {"base"}},
    {"codec", {"api", "base"}},
    {"kube", {"codec", "api", "base"}},
    {"policy", {"codec", "api", "base"}},
    {"checks", {"codec", "api", "base"}},
    {"rollback", {"codec", "api", "base"}},
    {"guard", {"policy", "checks", "rollback", "kube", "codec", "api", "base"}},
    {"ports", {"api", "base"}},
    {"runtime", {"kube", "codec", "ports", "api", "base"}},
    {"shell", {"guard", "runtime", "policy", "checks", "rollback", "kube", "codec", "ports", "api", "base"}},
    {"net", {"codec", "ports", "api", "base"}},
    {"cmd", {"shell", "net", "ports", "codec", "api", "base"}},
};

// Those in which everything can be tested without time, threads or a network.
const Names pure = {"base", "api", "codec", "kube", "policy", "checks", "rollback", "guard"};
const Names of_the_outside = {"boost/", "openssl/", "thread", "mutex", "future", "sys/", "netinet/", "unistd.h"};

bool among(const Names& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

// The line's included file, in the brackets or quotes that it stands in; empty where the line includes nothing.
std::string_view included(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with('#')) return {};
  line = trimmed(line.substr(1));
  constexpr std::string_view word = "include";
  if (!line.starts_with(word)) return {};
  line = trimmed(line.substr(word.size()));
  if (line.empty()) return {};
  const char end = line.front() == '<' ? '>' : line.front();
  const auto close = line.find(end, 1);
  return close == std::string_view::npos ? line : line.substr(0, close + 1);
}

bool names_co_await(std::string_view line) {
  line = line.substr(0, line.find("//"));
  return line.find("co_await") != std::string_view::npos || line.find("co_return") != std::string_view::npos ||
         line.find("co_yield") != std::string_view::npos;
}

std::string first_part(std::string_view path) { return std::string(path.substr(0, path.find('/'))); }

// Why `folder` must not include that file; empty when it may.
std::string objection(const std::string& folder, std::string_view file) {
  const std::string_view name = file.substr(1, file.size() - 2);
  if (file.front() == '<') {
    const bool outside = std::ranges::any_of(
        of_the_outside, [&](auto part) { return part.ends_with('/') ? name.starts_with(part) : name == part; });
    return outside && among(pure, folder) ? folder + " must not include the outside" : "";
  }
  if (name.starts_with("..")) return folder + " must name a file by its folder";
  if (name.find('/') == std::string_view::npos) return "";  // a neighbour in the same folder
  const std::string other = first_part(name);
  if (other == folder || among(allowed.at(folder), other)) return "";
  return folder + " must not include " + other;
}

}  // namespace

std::string folder_of(std::string_view path) {
  constexpr std::string_view house = "controller/";
  if (path.starts_with("cmd/")) return "cmd";
  if (!path.starts_with(house)) return "";
  const std::string folder = first_part(path.substr(house.size()));
  return allowed.contains(folder) ? folder : "";
}

std::vector<std::string> wrong_arrows(std::string_view path, std::string_view text) {
  std::vector<std::string> out;
  const std::string folder = folder_of(path);
  if (folder.empty()) return {std::string(path) + ": is in no folder of the house"};
  std::size_t number = 0;
  const auto complain = [&](const std::string& what) {
    out.push_back(std::string(path) + ":" + std::to_string(number) + ": " + what);
  };
  while (!text.empty()) {
    ++number;
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view file = included(line);
    if (file.size() > 2) {
      const std::string what = objection(folder, file);
      if (!what.empty()) complain(what + " (" + std::string(file.substr(1, file.size() - 2)) + ")");
    }
    if (among(pure, folder) && names_co_await(line)) complain(folder + " is pure and must not be a coroutine");
  }
  return out;
}

}  // namespace lastgood::architecture
