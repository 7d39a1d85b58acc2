// The files and functions of the sources that a Markdown page names in backticks.
#pragma once

#include <string>
#include <vector>

namespace lastgood::code_references {

// Paths are as the page has them: from the root if they begin with controller/, cmd/ or tests/,
// otherwise below controller/.
struct FunctionReference {
  std::string file;      // "net/kube_client.cpp"
  std::string function;  // "KubeClient::stream", or "decide" for a free function
  bool operator==(const FunctionReference&) const = default;
};

// Every `FILE:FUNCTION` of the page, in order. FILE is a .cpp or .hpp file.
[[nodiscard]] std::vector<FunctionReference> functions_in(const std::string& page);

// Every `FILE` of the page without a function, in order. FILE is a .cpp or .hpp file in a folder.
[[nodiscard]] std::vector<std::string> files_in(const std::string& page);

// The path from the root of the source tree.
[[nodiscard]] std::string path_of(const std::string& file);

// Whether `text`, the content of the file, defines the function, or declares it if the file is a
// header. Relies on the format of the sources: namespaces are not indented. A call is no
// definition.
[[nodiscard]] bool declares(const std::string& text, const FunctionReference& reference);

// The items of the numbered lists of the text.
[[nodiscard]] std::vector<std::string> numbered_items(const std::string& text);

}  // namespace lastgood::code_references
