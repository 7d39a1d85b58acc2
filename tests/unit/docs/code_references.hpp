// The files and functions of the sources that a Markdown page names in backticks.
#pragma once

#include <string>
#include <vector>

namespace lastgood::code_references {

// The file is written as on the page: relative to controller/, or to the root of the source tree if
// the path begins with controller/, cmd/ or tests/.
struct FunctionReference {
  std::string file;      // "net/kube_client.cpp"
  std::string function;  // "KubeClient::stream", or "decide" for a free function
  bool operator==(const FunctionReference&) const = default;
};

// Every `FILE:FUNCTION` in backticks, in the order of the page. FILE is a .cpp or .hpp file.
[[nodiscard]] std::vector<FunctionReference> functions_in(const std::string& page);

// Every `FILE` in backticks without a function, in the order of the page. FILE is a .cpp or .hpp
// file in a folder.
[[nodiscard]] std::vector<std::string> files_in(const std::string& page);

// The path of a file that a page names, relative to the root of the source tree.
[[nodiscard]] std::string path_of(const std::string& file);

// True if `text`, the content of the file, defines the function, or declares it if the file is a
// header. A call of the function does not count. Relies on the format of the sources: namespaces
// are not indented.
[[nodiscard]] bool declares(const std::string& text, const FunctionReference& reference);

// The items of the numbered lists of the text.
[[nodiscard]] std::vector<std::string> numbered_items(const std::string& text);

}  // namespace lastgood::code_references
