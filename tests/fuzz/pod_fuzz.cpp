// A pod, from a watch or a list.
#include "codec/objects.hpp"
#include "objects.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  static_cast<void>(kube::parse_event<api::Pod>(added(text)));
  static_cast<void>(kube::parse_list<api::Pod>(list_of(text)));
  const auto object = object_of(text);
  if (!object) return 0;
  const auto from_watch = watched<api::Pod>(object->dump());
  const auto from_tree = codec::parse_pod(*object);
  if (!from_tree) {
    require_message(from_tree.error().message, max_error);
  } else if (from_watch) {
    require(*from_watch == *from_tree, "a pod is the same with and without the tree of its JSON");
  }
  return 0;
}
